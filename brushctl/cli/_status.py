"""Turn whatever went wrong into a message on stderr and an exit status."""

import contextlib
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from shlex import quote
from typing import Any

import typer
from typer.core import TyperGroup

from brushctl.brushes.cache import names_brush
from brushctl.cli._help import EXAMPLES, plainly
from brushctl.cli._output import print_error, print_line, print_marked, say, shown
from brushctl.cli._signals import ending_on_signals
from brushctl.errors import BrushctlError, Interrupted, UsageError, disk_error, shortage

LIBRARYS_OWN = "Value error, "
"""What pydantic, which reads values for Typer, puts in front of reasons."""
GUESS = ". Did you mean "
"""What the parser puts behind a reason, which may quote other full stops."""
POSSIBLE = re.compile(r" \(Possible options: (.*)\)$")
"""The same of several options."""
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
SOME_FAILED, ALL_FAILED = 3, 4


def exit_with_failed(failed: int, fine: int) -> None:
    """End the command as the parts of its work went: 3 if some failed, 4 if all did.

    Raises:
        typer.Exit: some failed.
    """
    if failed:
        raise typer.Exit(SOME_FAILED if fine else ALL_FAILED)


def say_failed(parts: Iterable[str]) -> None:
    """A line for each part of the work that failed."""
    for told in parts:
        print_marked("failed", "red", told)


class Commands(TyperGroup):
    """The command tree, answering Ctrl-C and a closed pipe before Typer does, without a word."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Its options, that for help among them."""
        return plainly(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  (Click's own)
        """The command that is named.

        Raises:
            UsageError: a brush stands in its place; the parser would find it like `rm`, say. Or
                `help` does.
        """
        if args[0] == "help":
            named = [name for name in args[1:2] if self.get_command(ctx, name)]
            do = f"Run `{' '.join(['brushctl', *named, '--help'])}`."
            raise UsageError("help is an option", do=do)
        if self.get_command(ctx, args[0]) is None and names_brush(args[0]):
            raise UsageError(
                "this is a brush, and the command before it is missing",
                where=args[0],
                do=f"Run `brushctl apply {quote(args[0])} PHOTOS -o EDITED`.",
            )
        return super().resolve_command(ctx, args)

    def make_context(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  (Click's own)
        """Read the options that stand before the command.

        Raises:
            UsageError: they cannot be read.
        """
        try:
            return super().make_context(*arguments, **named)
        except typer.TyperException as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                raise
            raise _usage(error, self) from error

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that was named.

        Raises:
            UsageError: its arguments cannot be read.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted", do="Run the same command again.") from error
        except BrokenPipeError as error:  # none of the standard streams': those outlive it
            raise disk_error(error) from error
        except typer.TyperException as error:
            named = self.get_command(ctx, ctx.invoked_subcommand or "")
            raise _usage(error, named or self) from error


def _usage(error: typer.TyperException, command: Any) -> UsageError:  # noqa: ANN401  (Click's)
    """What the parser refuses, in a line, with what to type."""
    told = shown(error.format_message()).replace(LIBRARYS_OWN, "").removesuffix(".")
    told = POSSIBLE.sub(f"{GUESS}\\1?", told)
    what, guess, meant = told.partition(GUESS)
    do = f"{GUESS[2:]}{meant}" if guess else _remedy(command, what)
    return UsageError(what[:1].lower() + what[1:], do=do)


def _remedy(command: Any, what: str) -> str:  # noqa: ANN401  (Click's own)
    """The option that was meant, if it lacks a dash, or else an example of the command.

    Args:
        command: whose parser refused something.
        what: the reason. An example shows the option that it names, if there is such a one.
    """
    known = {name for option in command.params for name in option.opts}
    for word in sys.argv[1:]:
        name = f"-{word.partition('=')[0]}"
        if name in known and not word.startswith("--"):
            return f"Write {name}, with two dashes."
    examples = [line.strip() for line in command.epilog.removeprefix(EXAMPLES).split("\n")]
    told = set(OPTION.findall(what))
    example = next((line for line in examples if told & set(OPTION.findall(line))), examples[0])
    return f"Type, for example, `{example}`; -h shows more."


def run_and_exit(app: Callable[..., object]) -> int:
    """Run the command tree; return the exit status it earned.

    What the parser refuses is an error like any other.
    """
    try:
        try:
            with ending_on_signals():
                status = app()
        finally:
            sys.stdout.flush()  # here, where a full disk is told of like any other error
    except BrushctlError as error:
        return _report(error)
    except OSError as error:
        refused = shortage(error) or (disk_error(error) if error.errno else None)
        return _report(refused) if refused else _unexpected(error)
    except Exception as error:
        return _unexpected(error)
    return status if isinstance(status, int) else 0


def _for_programs() -> bool:
    # Read from the command line, for it may be the parser that fails.
    return "--json" in sys.argv


def _report(error: BrushctlError) -> int:
    if "--debug" in sys.argv:
        for line in traceback.format_exc().splitlines():
            say(line)
    with contextlib.suppress(OSError):  # the stream is full: the status tells it alone
        if _for_programs():
            # On one line: it may end a stream of them.
            print_line({"event": "error", "error": error.to_dict()})
        else:
            print_error(str(error))
    return error.exit_status


def _unexpected(error: Exception) -> int:
    return _report(
        shortage(error)
        or BrushctlError(
            f"unexpected {type(error).__name__}: {error}",
            do="Run it again as `brushctl --debug ...` for the traceback, and please report it.",
        )
    )


@contextlib.contextmanager
def unless_busy(*, json: bool, quiet: bool) -> Iterator[None]:
    """A block that ends without its work, and without a failure, where another run does it.

    Args:
        json: leave it to be told as JSON, as whatever ends a run early is.
        quiet: say nothing of it: it is no error.
    """
    from brushctl.runs.locking import OutputBusyError

    try:
        yield
    except OutputBusyError as busy:
        if json:
            raise
        if not quiet:
            say(str(busy))
