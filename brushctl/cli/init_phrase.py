"""`brushctl init-phrase`: name in words what the pairs change."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.app.phrase import starting_phrase
from brushctl.cli._options import Align, Base, BrushParts, Device, Json, Pairs, Quiet, Recipe
from brushctl.cli._order import check_one_source
from brushctl.cli._output import (
    err_console,
    print_fields,
    print_json,
    print_table,
    say,
    shown,
)
from brushctl.cli._progress import reporting
from brushctl.errors import UsageError, reason
from brushctl.events import Loading

if TYPE_CHECKING:
    from rich.table import Table

    from brushctl.engine.phrases.unique_phrase import Candidate, Phrasing

ClipName = Annotated[
    str | None,
    typer.Option("--clip", help="A CLIP model of open_clip, such as ViT-B-32/openai, or a folder."),
]
VocabularyFile = Annotated[
    Path | None,
    typer.Option("--vocabulary", help="A text file with a phrase on each line."),
]
Eta = Annotated[float, typer.Option("--eta", help="How much a phrase must change to count.")]


def init_phrase(
    ctx: typer.Context,
    pairs: Pairs,
    *,
    base: Base = None,
    recipe: Recipe = "default",
    parts: BrushParts = Parts.AUTO,
    clip: ClipName = None,
    vocabulary: VocabularyFile = None,
    align: Align = False,
    eta: Eta = 0.15,
    phrases: Annotated[
        int, typer.Option("--phrases", min=1, help="Candidates to list for each side.")
    ] = 5,
    device: Device = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the phrase that `learn` would start an instruction from, with the other candidates.

    The same pairs and options give the same phrase. It comes from the pairs that are not held out.
    If the brush would have a grade, the phrase names what the grade leaves.

    Examples:
        brushctl init-phrase pairs/
        brushctl init-phrase pairs/ --vocabulary words.txt --phrases 10
    """
    check_one_source(pairs, ctx.args, command="init-phrase")
    if parts is Parts.GRADE:
        raise UsageError(
            "--parts grade has no instruction, and starts from no phrase",
            do="Leave --parts out, or use --parts instruction.",
        )
    if not math.isfinite(eta):
        raise UsageError(
            "the least sensitivity must be a finite number",
            where=f"--eta {eta}",
            do="Leave it out for the default, 0.15.",
        )
    words = _text(vocabulary) if vocabulary else None
    settings = LearningSettings(base=base, recipe=recipe, parts=parts, align=align)
    with reporting(quiet=quiet) as report:
        report(Loading("loading"))
        found = starting_phrase(
            pairs,
            settings,
            clip=clip,
            vocabulary=(words, str(vocabulary)) if words is not None else None,
            r=phrases,
            eta=eta,
            device=device,
            report=report,
        )
    phrasing = found.phrasing
    if json:
        print_json({"clip": found.clip, "vocabulary": found.vocabulary, **phrasing.to_dict()})
        return
    if not quiet:
        print_table(_table(phrasing), err_console())
    if phrasing.phrase is not None:
        print_fields(phrasing.phrase)
    elif not quiet:
        say("no phrase names this edit: learn would start from the empty instruction")


def _text(vocabulary: Path) -> str:
    try:
        return vocabulary.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"the vocabulary cannot be read ({reason(error)})", where=str(vocabulary)
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"the vocabulary is not UTF-8 text ({error})",
            where=str(vocabulary),
            do="Save it as UTF-8.",
        ) from error


def _table(phrasing: "Phrasing") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "phrase", "before", "after", "sensitivity"):
        table.add_column(column, justify="left" if column in ("", "phrase") else "right")
    _add(table, "before the edit", phrasing.before, phrasing.unique_before)
    table.add_section()
    _add(table, "after the edit", phrasing.after, phrasing.unique_after)
    return table


def _add(
    table: "Table", title: str, caption: tuple["Candidate", ...], unique: "Candidate | None"
) -> None:
    from rich.text import Text

    for k, candidate in enumerate(caption):
        table.add_row(
            "" if k else title,
            Text(shown(candidate.phrase)),
            f"{candidate.before:.3f}",
            f"{candidate.after:.3f}",
            f"{candidate.sensitivity:+.2f}",
            style="bold" if candidate is unique else None,
        )
