"""`python -m brushctl` is `brushctl`."""

from brushctl.cli.app import main

if __name__ == "__main__":
    main()
