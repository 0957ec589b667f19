"""`python -m brushctl` is `brushctl`."""

from brushctl.cli.app import program

if __name__ == "__main__":
    program()
