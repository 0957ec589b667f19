"""How `inspect` shows a brush to people.

Texts of the brush are never read as Rich markup: they may come from a stranger.
"""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from brushctl.brushes.header import Header
from brushctl.brushes.metadata import Lineage, Metadata, Training

PREVIEW_COLUMNS = 64
"""Characters across, one pixel each; two pixels stand in a character."""


def brush_panel(source: str, header: Header) -> Panel:
    """All that the header says, with the lineage as a tree."""
    meta = header.metadata
    rows = Table(show_header=False, box=None, pad_edge=False)
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for label, value in _rows(source, header):
        rows.add_row(label, Text(value) if isinstance(value, str) else value)
    return Panel(rows, title=Text(meta.title or meta.name, style="bold"), title_align="left")


def _rows(source: str, header: Header) -> list[tuple[str, RenderableType]]:
    meta = header.metadata
    rows: list[tuple[str, RenderableType]] = [("does", _purpose(meta)), *_learning(meta.training)]
    if meta.lineage:
        rows.append(("mixed by", _tree(meta.lineage)))
    said = (("author", meta.author), ("licence", meta.license), ("note", meta.note))
    rows += [(label, value) for label, value in said if value]
    return [
        *rows,
        ("base model", f"{meta.base.id} (U-Net {meta.base.unet_sha256[:12]})"),
        ("applied with", _application(meta)),
        ("features", _features(header)),
        ("made", f"{meta.created} by {meta.tool}, as {meta.name}"),
        ("file", f"{source} ({header.size / 1024:.0f} KiB)"),
        ("content", meta.content_sha256[:16]),
    ]


def _purpose(meta: Metadata) -> str:
    start = meta.instruction
    if start.phrase is None:
        return "an edit shown by its pairs alone (no phrase to start from)"
    found = [f"{p.phrase} {p.sensitivity:+.3f}" for p in (start.before, start.after) if p]
    return f'"{start.phrase}"' + (f" (sensitivity: {', '.join(found)})" if found else "")


def _learning(training: Training | None) -> list[tuple[str, RenderableType]]:
    if training is None:
        return []
    pairs = _counted(len(training.pairs_sha256), "pair")
    first, last = (sum(x) / len(x) for x in (training.loss_first, training.loss_last))
    rows: list[tuple[str, RenderableType]] = [
        (
            "learned from",
            f"{pairs}: recipe {training.recipe}, {training.steps} steps of batch "
            f"{training.batch}, rate {training.learning_rate:g}, seed {training.seed}",
        ),
        ("loss", f"{first:.4f} at first, {last:.4f} at the end"),
    ]
    if held := training.held_out:
        phrase = f", the phrase alone {held.psnr_phrase:.1f}" if held.psnr_phrase else ""
        rows.append(
            (
                "held out",
                f"{held.psnr:.1f} dB on {_counted(held.pairs, 'pair')} it did not "
                f"learn from (unedited {held.psnr_unedited:.1f}{phrase})",
            )
        )
    return rows


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _tree(lineage: Lineage) -> Tree:
    tree = Tree(Text(lineage.method))
    for parent in lineage.parents:
        buckets = f" in buckets {', '.join(map(str, parent.buckets))}" if parent.buckets else ""
        text = Text(f"{parent.weight:g} x {parent.name}{buckets} ")
        branch = tree.add(text.append(parent.content_sha256[:12], style="dim"))
        if parent.lineage:
            branch.add(_tree(parent.lineage))
    return tree


def _application(meta: Metadata) -> str:
    a = meta.apply
    return f"s_T {a.s_T:g}, s_I {a.s_I:g}, {a.steps} steps of {a.sampler}, {a.resolution} px"


def _features(header: Header) -> str:
    meta = header.metadata
    segments = meta.instruction.segments
    runs = " + ".join(f"{s.m} of weight {s.weight:g}" for s in segments)
    tokens = f"m = {meta.instruction.m}" + (f" ({runs})" if len(segments) > 1 else "")
    dtype = next(iter(header.slots.values())).dtype
    edges = ", ".join(map(str, meta.buckets.edges))
    sites = _counted(len(header.slots) // 2, "site")
    return f"{sites}, {tokens}, {meta.buckets.count} buckets (t = {edges}), {dtype}"


def sites_table(statistics: dict[str, Any]) -> Table:
    """The statistics of `brushctl.brushes.statistics`, a row for each site."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("site", overflow="fold")
    for column in ("d", "K rms", "V rms", "K max", "V max", "K spread", "V spread"):
        table.add_column(column, justify="right", no_wrap=True)
    for site, s in statistics.items():
        width, *figures = s.values()
        table.add_row(site, str(width), *(f"{x:.3f}" for x in figures))
    return table


def preview(data_uri: str) -> RenderableType:
    """The picture of a brush in half blocks of 24-bit colour, or why it cannot be shown."""
    import binascii
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image, UnidentifiedImageError

    try:
        raw = b64decode(data_uri.partition(",")[2])
        with Image.open(BytesIO(raw), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > 1024:
                return Text("(the preview is too large to show)", style="dim")
            shape = min(picture.height / picture.width, 1)  # a taller one is squeezed
            height = max(2, round(PREVIEW_COLUMNS * shape / 2) * 2)
            small = picture.convert("RGB").resize((PREVIEW_COLUMNS, height))
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return Text("(the preview is damaged)", style="dim")
    return Group(*(_half_blocks(small, y) for y in range(0, height, 2)))


def _half_blocks(picture: Any, y: int) -> Text:  # noqa: ANN401  (Pillow loads only when needed)
    line = Text()
    for x in range(picture.width):
        upper, lower = (
            "#{:02x}{:02x}{:02x}".format(*picture.getpixel((x, row))) for row in (y, y + 1)
        )
        line.append("▀", style=f"{upper} on {lower}")
    return line
