"""The options of `brushctl apply`, in the panels in which its help shows them."""

from pathlib import Path
from typing import Annotated

import typer

from brushctl.cli._options import MODEL
from brushctl.photos.choices import Detail, Effort, one_of, quality_of

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
    typer.Option("--strength", help="How much of the edit: 0 is none, 1 all, 2 twice as much."),
]
Quality = Annotated[
    int | None,
    typer.Option(
        "--quality",
        parser=quality_of,
        metavar="<1-100>",
        help="Of the encoder of JPEG, WebP, AVIF and HEIC; if not given, a JPEG keeps its own.",
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
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed ones again.")]
AcceptFailed = Annotated[
    bool,
    typer.Option(
        "--accept-failed",
        help="Tell no more of those that failed in earlier runs, until they change.",
        rich_help_panel=BATCH,
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from", help="A list of files, by line or NUL; - is stdin.", rich_help_panel=BATCH
    ),
]
FirstFrame = Annotated[
    bool,
    typer.Option(
        "--first-frame",
        help="Of a file of several pictures, edit the first.",
        rich_help_panel=BATCH,
    ),
]
Checksum = Annotated[
    bool,
    typer.Option(
        "--checksum",
        help="Compare contents, also of files whose size and time are as they were.",
        rich_help_panel=BATCH,
    ),
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Wait for more until stopped.", rich_help_panel=BATCH)
]
Settle = Annotated[
    float,
    typer.Option(
        min=0, help="With --watch: seconds a file must stay as it is first.", rich_help_panel=BATCH
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
    bool, typer.Option(help="Say in XMP which brush made the edit.", rich_help_panel=FILES)
]
DetailFrom = Annotated[
    Detail,
    typer.Option(
        "--detail",
        help="Fine detail: the photograph's (transfer), the model's, or what fits.",
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
        help="Of sampling: draft and standard take fewer steps, and less time.",
        rich_help_panel=MODEL,
    ),
]
Steps = Annotated[int | None, typer.Option(help="Sampling steps.", rich_help_panel=MODEL)]
InstructionGuidance = Annotated[
    float | None, typer.Option("--s-t", help="Instruction guidance.", rich_help_panel=MODEL)
]
ImageGuidance = Annotated[
    float | None, typer.Option("--s-i", help="Image guidance.", rich_help_panel=MODEL)
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Name each photograph as it is done.")
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")]
