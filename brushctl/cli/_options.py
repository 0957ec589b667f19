"""Arguments and options that several commands share, each declared once."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from brushctl.app.learning_settings import Parts
from brushctl.brushes.cache import names
from brushctl.cli._streams import TIMESTAMPS
from brushctl.errors import UsageError
from brushctl.photos.choices import Engine
from brushctl.settings import LARGEST_SEED


def complete_names(incomplete: str) -> list[str]:
    """The names in the cache that begin so, for the shell; none where it cannot be read."""
    with contextlib.suppress(UsageError, OSError):
        return [name for name in names() if name.startswith(incomplete)]
    return []


BrushName = Annotated[
    str,
    typer.Argument(
        help="A brush: its name in the cache, or a file.", autocompletion=complete_names
    ),
]
BrushNames = Annotated[
    list[str],
    typer.Argument(
        help="Brushes: names in the cache, or files; - is stdin.", autocompletion=complete_names
    ),
]
CachedName = Annotated[
    str, typer.Argument(help="A brush's name in the cache.", autocompletion=complete_names)
]
CachedNames = Annotated[
    list[str], typer.Argument(help="Names in the cache.", autocompletion=complete_names)
]
Pairs = Annotated[
    Path, typer.Argument(help="A folder of before/after pairs, or a CSV or JSON manifest.")
]
Recipe = Annotated[str, typer.Option(help="How to learn an instruction: default, or paper.")]
BrushParts = Annotated[
    Parts,
    typer.Option(
        "--parts",
        help="What the brush has: a grade of colours, an instruction to the base model, both,"
        " or whichever comes nearest to the edit.",
    ),
]
Align = Annotated[
    bool, typer.Option("--align", help="Crop shifted pairs to what both pictures share.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a brush of that name.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")]
Timestamps = Annotated[
    bool, typer.Option(TIMESTAMPS, help="Begin each line of the log with the date and time.")
]

MODEL, CLUSTER = "The base model", "Many machines"

Device = Annotated[
    str,
    typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=MODEL),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        help="float32, bfloat16 or float16; if not given, what suits the device.",
        rich_help_panel=MODEL,
    ),
]
LearningDtype = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        help="float32 or bfloat16; if not given, what suits the device.",
        rich_help_panel=MODEL,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        help="The base model: tiny-ip2p, a hub id (or id@revision), a folder or a checkpoint.",
        rich_help_panel=MODEL,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        max=LARGEST_SEED,
        help="Fix every random draw: equal seeds give equal results.",
        rich_help_panel=MODEL,
    ),
]

EngineName = Annotated[
    Engine,
    typer.Option("--engine", help="Work in this process, or on Ray.", rich_help_panel=CLUSTER),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="Address of a Ray cluster; if not given, Ray starts here.",
        rich_help_panel=CLUSTER,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="How many processes at most; if not given, as many as fit.",
        rich_help_panel=CLUSTER,
    ),
]
Cores = Annotated[
    int,
    typer.Option("--cores", min=1, help="CPU cores for each process.", rich_help_panel=CLUSTER),
]
PerGpu = Annotated[
    int,
    typer.Option(
        "--per-gpu", min=1, help="How many processes share one GPU.", rich_help_panel=CLUSTER
    ),
]
