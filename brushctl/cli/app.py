"""The command tree. Each command's module is imported only when that command runs."""

import sys

import typer

from brushctl.cli.failure import run_and_exit

app = typer.Typer(
    name="brushctl",
    help="Learn a photo edit from before/after pairs, and repeat it on thousands of pictures.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The console entry point."""
    sys.exit(run_and_exit(app))
