"""`brushctl doctor`: what is on this machine, what is missing, and how to get it."""

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import typer

from brushctl import __version__
from brushctl.brushes.cache import names
from brushctl.cli._options import Json
from brushctl.cli._output import out_console, print_json, print_table, shown
from brushctl.errors import BrushctlError, UsageError, first_line, reason, shortage
from brushctl.extras import installing
from brushctl.files import existing
from brushctl.settings import INSTRUCT_PIX2PIX, TINY, brush_cache, fetch_command

LIBRARIES = ("torch", "diffusers", "transformers", "open-clip-torch", "safetensors", "pillow")
EXTRAS = {
    "pillow-heif": ("HEIC photographs", ["pillow-heif"]),
    "lpips": ("LPIPS", ["lpips"]),
    "ray": ("Ray clusters and object storage", ["ray[data]", "fsspec"]),
}
"""What each library is for, and what to install for it."""
SCARCE = 2 * 2**30
"""Bytes of free disk below which a batch may not find room."""
REAL_BASE = 6 * 2**30
"""Bytes of free disk that InstructPix2Pix needs in the hub's cache, roughly."""


class State(StrEnum):
    """How a thing is."""

    fine = "fine"
    missing = "missing"
    """brushctl works without it."""
    scarce = "scarce"
    """brushctl works as long as it lasts."""
    broken = "broken"
    """brushctl does not work like this."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, and what to do about it."""

    what: str
    state: State
    found: str
    do: str | None = None


def doctor(*, json: Json = False) -> None:
    """Show devices, versions, models, brushes and disk, and how to get what is missing.

    Status 1 if something is broken. What is merely missing, such as a base model that was never
    fetched, or scarce, is no fault.

    Examples:
        brushctl doctor
        brushctl doctor --json
    """
    findings = list(_look())
    if json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    if any(finding.state is State.broken for finding in findings):
        raise typer.Exit(1)


def _look() -> Iterator[Finding]:
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("brushctl", State.fine, f"{__version__}, {machine}")
    yield from map(_library, LIBRARIES)
    yield from _models()
    yield _brushes()
    yield from (_extra(name, *about) for name, about in EXTRAS.items())


def _library(name: str) -> Finding:
    try:
        return Finding(name, State.fine, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, State.broken, "not installed", "Install brushctl again.")


def _models() -> Iterator[Finding]:
    try:
        from brushctl.engine.devices import devices
        from brushctl.engine.model.hub import cached_base, hub_cache, is_clip_cached
    except Exception as error:
        # A broken installation of torch raises anything at all, and this is where to say so.
        told = shortage(error) or BrushctlError(str(error)[:200], do="Install brushctl again.")
        yield Finding("models", State.broken, told.what, told.do)
        return
    for device in devices():
        yield Finding(f"--device {device.name}", State.fine, device.about)
    yield Finding(f"--base {TINY}", State.fine, "inside the package")
    cache = hub_cache()
    yield _real_base(cache, lambda: cached_base(INSTRUCT_PIX2PIX) is not None)
    if is_clip_cached():
        yield Finding("CLIP ViT-L-14-quickgelu/openai", State.fine, str(cache))
    else:
        yield Finding(
            "CLIP ViT-L-14-quickgelu/openai",
            State.missing,
            f"not fetched; finds phrases where the base is not {TINY}",
            "The first `learn` fetches it; or give it a --phrase.",
        )


def _real_base(cache: Path, is_here: Callable[[], bool]) -> Finding:
    what, fetch = f"--base {INSTRUCT_PIX2PIX}", fetch_command()
    try:
        if is_here():
            return Finding(what, State.fine, str(cache))
    except Exception as error:  # what is damaged raises anything at all
        folder = cache / f"models--{INSTRUCT_PIX2PIX.replace('/', '--')}"
        do = f"Delete {folder}, then run `{fetch}` where there is a network."
        return Finding(what, State.broken, f"damaged ({first_line(error)})", do)
    free = _free(cache)
    room = "" if free >= REAL_BASE else f" (first make room: {_gib(free)} are free in {cache})"
    do = f"Run `{fetch}` where there is a network{room}."
    return Finding(what, State.missing, "not fetched; 512 px, for changes of content", do)


def _brushes() -> Finding:
    try:
        folder, count = brush_cache(), len(names())
    except UsageError as error:
        return Finding("brushes", State.broken, error.what, error.do)
    except OSError as error:
        do = "See that the folder can be read, or set BRUSHCTL_HOME to another."
        return Finding("brushes", State.broken, f"{brush_cache()}: {reason(error)}", do)
    free = _free(folder)
    found = f"{count} in {folder}, {_gib(free)} free"
    if free < SCARCE:
        return Finding("brushes", State.scarce, found, "Free some space, or set BRUSHCTL_HOME.")
    return Finding("brushes", State.fine, found)


def _extra(name: str, what: str, install: list[str]) -> Finding:
    try:
        return Finding(what, State.fine, f"{name} {metadata.version(name)}")
    except metadata.PackageNotFoundError:
        do = f"Run `{installing(*install)}`."
        return Finding(what, State.missing, f"{name} is not installed", do)


def _free(folder: Path) -> int:
    """Bytes free where a folder is, or would be."""
    return shutil.disk_usage(existing(folder)).free


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _show(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    styles = {
        State.fine: "green",
        State.missing: "yellow",
        State.scarce: "yellow",
        State.broken: "bold red",
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")  # a command that is cut short cannot be run
    for finding in findings:
        told = Text("\n".join(shown(text) for text in (finding.found, finding.do) if text))
        table.add_row(Text(finding.state, styles[finding.state]), Text(finding.what), told)
    print_table(table, out_console())
