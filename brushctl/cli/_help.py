"""What `--help` shows: types that a person can read, and examples."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

EXAMPLES = "Examples:\n"


class Command(TyperCommand):
    """A command whose options are shown without the program's own types."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Its arguments and options, that for help among them."""
        return plainly(super().get_params(ctx))


def plainly(parameters: list[Any]) -> list[Any]:
    """Parameters whose help has no `<bool>`, no `<int range>` and no limits in mathematics.

    The limits hold all the same: Typer asks what it was given for them, not what it shows.
    """
    for each in parameters:
        if isinstance(each, TyperOption) and each.metavar is None:
            if each.is_flag:
                each.metavar = ""
            elif each.min is not None or each.max is not None:
                each.metavar = f"<{each.bare_type()}>"
        if isinstance(each, TyperOption):
            each.min = each.max = None
    return parameters


def help_and_examples(command: Callable[..., None]) -> tuple[str, str]:
    """A command's docstring as text whose paragraphs are one line each, and its examples."""
    told, _, examples = (command.__doc__ or "").partition(EXAMPLES)
    paragraphs = "\n\n".join(" ".join(part.split()) for part in told.strip().split("\n\n"))
    lines = [line.strip() for line in examples.strip().splitlines()]
    return paragraphs, EXAMPLES + "\n".join(f"  {line}" for line in lines)
