"""The options of `brushctl apply`, in the panels in which its help shows them."""

from pathlib import Path
from typing import Annotated

import typer

from brushctl.cli._options import MODEL
from brushctl.photos.choices import Detail, Effort, one_of, quality_of, strength_of

BATCH, FILES = "Which photographs", "The files"

Inputs = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders and quoted patterns; - reads one from stdin."),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", help="A folder, or a file for one; - is stdout."),
]
InPlace = Annotated[bool, typer.Option("--in-place", help="Replace each photograph by its result.")]
Strength = Annotated[
    float,
    typer.Option(
        "--strength",
        parser=strength_of,
        metavar="<float>",
        help="How much of the edit: 0 is none, 1 all, 2 twice as much.",
    ),
]
Quality = Annotated[
    int | None,
    typer.Option(
        "--quality",
        parser=quality_of,
        metavar="<1-100>",
        help="Quality of JPEG, WebP, AVIF and HEIC results; if not given, a JPEG keeps its own.",
    ),
]
Name = Annotated[
    str, typer.Option("--name", help="Results' names: {stem} {ext} {brush} {folder} {n}.")
]
Report = Annotated[Path | None, typer.Option("--report", help="Write a page of before and after.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Only print the plan.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Edit every photograph again.")]
OnTop = Annotated[
    bool,
    typer.Option(
        "--on-top",
        help="With --in-place: edit the results of other edits too.",
        rich_help_panel=BATCH,
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try photographs again that failed.")
]
AcceptFailed = Annotated[
    bool,
    typer.Option(
        "--accept-failed",
        help="Report earlier failures no more, until those photographs change.",
        rich_help_panel=BATCH,
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        help="A text file that names photographs, one a line or NUL-separated; - is stdin.",
        rich_help_panel=BATCH,
    ),
]
FirstFrame = Annotated[
    bool,
    typer.Option(
        "--first-frame",
        help="Edit the first picture of a file that holds several.",
        rich_help_panel=BATCH,
    ),
]
Checksum = Annotated[
    bool,
    typer.Option(
        "--checksum",
        help="Compare contents too, not only sizes and times, to see what has changed.",
        rich_help_panel=BATCH,
    ),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Stay and edit what arrives, until stopped.", rich_help_panel=BATCH
    ),
]
Settle = Annotated[
    float,
    typer.Option(
        min=0,
        help="With --watch: seconds to wait after a file last changed.",
        rich_help_panel=BATCH,
    ),
]
Strip = Annotated[
    bool,
    typer.Option(
        "--strip",
        help="Drop the photograph's own EXIF, XMP, IPTC and comments.",
        rich_help_panel=FILES,
    ),
]
SayProvenance = Annotated[
    bool, typer.Option(help="Write into XMP which brush made the edit.", rich_help_panel=FILES)
]
DetailFrom = Annotated[
    Detail,
    typer.Option(
        "--detail",
        help="Take fine detail from the photograph (transfer) or the model; auto chooses.",
        rich_help_panel=MODEL,
    ),
]
SamplingEffort = Annotated[
    Effort,
    typer.Option(
        "--effort",
        parser=lambda given: one_of(Effort, given, "effort"),
        metavar=f"<{'|'.join(Effort)}>",
        autocompletion=lambda: list(Effort),
        help="draft and standard take fewer sampling steps, and less time.",
        rich_help_panel=MODEL,
    ),
]
Steps = Annotated[int | None, typer.Option(help="Sampling steps.", rich_help_panel=MODEL)]
InstructionGuidance = Annotated[
    float | None,
    typer.Option("--s-t", help="How closely to follow the instruction.", rich_help_panel=MODEL),
]
ImageGuidance = Annotated[
    float | None,
    typer.Option("--s-i", help="How closely to keep to the photograph.", rich_help_panel=MODEL),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Name each photograph as it is done.")
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")]
