"""The command tree. Commands import what is heavy only when they run, so that help is quick."""

import atexit
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from brushctl import __version__
from brushctl.cli._help import EXAMPLES, Command, help_and_examples
from brushctl.cli._status import Commands, run_and_exit
from brushctl.cli._streams import open_closed_streams, outliving_readers
from brushctl.cli.apply import apply
from brushctl.cli.bench import bench
from brushctl.cli.demo import demo
from brushctl.cli.doctor import doctor
from brushctl.cli.export import export
from brushctl.cli.import_ import import_brush
from brushctl.cli.init_phrase import init_phrase
from brushctl.cli.inspect import inspect
from brushctl.cli.label import label
from brushctl.cli.learn import learn
from brushctl.cli.list import list_brushes
from brushctl.cli.mix import mix
from brushctl.cli.rename import rename
from brushctl.cli.rm import rm
from brushctl.cli.verify import verify
from brushctl.engine.lazy_packages import begin_lazily
from brushctl.settings import bound_spinning

app = typer.Typer(
    name="brushctl",
    cls=Commands,
    help="Learn a photo edit from before/after pairs, and repeat it on thousands of pictures.",
    epilog=f"""{EXAMPLES}  brushctl learn pairs/ -o golden-hour
  brushctl apply golden-hour photos/ -o edited/
  brushctl apply --help""",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"brushctl {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            *("--version", "-V", "-v"),
            callback=_print_version,
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
    debug: Annotated[
        # Read from the command line by whoever reports the failure, which may be the parser.
        bool,
        typer.Option("--debug", help="Show the traceback when a command fails."),
    ] = False,
) -> None:
    """Options that stand before the command."""


def _add(
    command: Callable[..., None], name: str | None = None, *, answers_extra: bool = False
) -> None:
    """Make a function a command, whose docstring is its help.

    Args:
        command: the function.
        name: the command's, if it is not the function's.
        answers_extra: whether the function, and not the parser, answers superfluous arguments.
    """
    text, examples = help_and_examples(command)
    settings = {"allow_extra_args": answers_extra}
    app.command(name, cls=Command, help=text, epilog=examples, context_settings=settings)(command)


_add(learn, answers_extra=True)
_add(init_phrase, answers_extra=True)
_add(apply)
_add(inspect)
_add(mix)
_add(list_brushes, "list")
_add(rm)
_add(rename)
_add(label)
_add(export)
_add(import_brush, "import")
_add(verify)
_add(demo)
_add(doctor)
_add(bench)


def main() -> None:
    """Run the command line."""
    bound_spinning()
    open_closed_streams()
    with outliving_readers():
        sys.exit(run_and_exit(app))


def program() -> None:
    """The console entry point: a process of its own, which ends without being taken apart.

    Of a process that has loaded torch and diffusers, Python frees every object at the end. That is
    more than a second, for memory that the system takes back at once.
    """
    status: list[int] = []

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        if status:
            os._exit(status[0])

    atexit.register(end)  # the first to be registered is called last
    begin_lazily()
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, int):  # of others Python makes a message or 0
            status.append(ended.code)
        raise
