"""How `inspect` shows a brush to people.

Plain text rather than Rich, which would take a third of the command's time to load.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from brushctl.brushes.graded import AnyGradeInfo, GradeBlend, GradeStack, is_graded, single_grades
from brushctl.brushes.header import Header
from brushctl.brushes.metadata import Instruction, InstructionPart, Lineage, Training
from brushctl.brushes.words import grade_in_words, held_out_in_words
from brushctl.cli._output import counted, shown

LABEL_COLUMNS = 14
WIDEST = 100
"""Characters in a line: longer ones are hard to read, however wide the terminal."""
PREVIEW_COLUMNS = 64
"""Characters across, one pixel each; two pixels stand in a character."""
TOLD = {"untouched": "unedited"}
"""What grades were compared with, as brush files have it and as people are told it."""
BARS = " ▁▂▃▄▅▆▇█"
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def show_brush(source: str, header: Header, measured: dict[str, Any]) -> None:
    """Write to stdout all that the header says, and what was measured of the tensors."""
    meta = header.metadata
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    bold, dim, plain = (BOLD, DIM, PLAIN) if colour else ("", "", "")
    lines = [f"{bold}{shown(meta.title or meta.name)}{plain}"]
    for label, texts in _rows(source, header):
        for k, text in enumerate(texts):
            lines.append(f"{dim}{'' if k else label:{LABEL_COLUMNS}}{plain}{text}")
    if meta.preview and colour and os.environ.get("COLORTERM") in {"truecolor", "24bit"}:
        lines += _preview(meta.preview)
    if curves := measured.get("curves"):
        lines += ["", *_curves(curves)]
    if sites := measured.get("tensors"):
        lines += ["", *_sites(sites)]
    page = "\n".join([*lines, "", ""])
    encoding = sys.stdout.encoding  # what it cannot show becomes a question mark
    sys.stdout.write(page.encode(encoding, "replace").decode(encoding))


def _rows(source: str, header: Header) -> Iterator[tuple[str, list[str]]]:
    """Each label with the lines of its text."""
    columns = max(20, min(WIDEST, shutil.get_terminal_size().columns) - LABEL_COLUMNS)
    for label, text in _facts(source, header):
        parts = (_wrapped(shown(part.expandtabs()), columns) for part in text.split("\n"))
        yield label, [line for lines in parts for line in lines]


def _wrapped(text: str, columns: int) -> list[str]:
    """Whole words only, so that paths can be copied."""
    return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)


def _facts(source: str, header: Header) -> Iterator[tuple[str, str]]:
    meta = header.metadata
    if meta.grade:
        yield "grade", "; ".join(grade_in_words(meta))
    if meta.instruction:
        yield "started from", _start(meta.instruction)
    if meta.training:
        yield from _learning(meta.training)
    if meta.lineage:
        yield "mixed by", "\n".join([meta.lineage.method, *_branches(meta.lineage)])
    said = (("author", meta.author), ("licence", meta.license), ("note", meta.note))
    yield from ((label, text) for label, text in said if text)
    if meta.grade:
        yield "kept as", _grade(meta.grade)
    if meta.instruction:
        yield from _instruction(meta.instruction_part(), header)
    yield "made", f"{meta.created} by {meta.tool}, as {meta.name}"
    yield "file", f"{shown(source)} ({header.size / 1024:.0f} KiB)"
    yield "content", meta.content_sha256[:16]


def _start(start: Instruction) -> str:
    """The phrase that learning started from."""
    if start.phrase is None:
        return "the pairs alone, without a phrase"
    found = [f"{p.phrase} {p.sensitivity:+.3f}" for p in (start.before, start.after) if p]
    return f'"{start.phrase}"' + (f" (sensitivity: {', '.join(found)})" if found else "")


def _grade(grade: AnyGradeInfo) -> str:
    """What the grade is made of."""
    singles = [single for _, single in single_grades(grade)]
    nodes = " + ".join(f"{single.nodes}³" for single in singles)
    networks = [single.network for single in singles if single.network]
    told = f"{counted(len(singles), 'lattice')} ({nodes})"
    if networks:
        told += f", {counted(len(networks), 'network')} of width {networks[0].width}"
    how = {GradeBlend: ", blended", GradeStack: ", one after the other"}.get(type(grade), "")
    return told + how


def _learning(training: Training) -> Iterator[tuple[str, str]]:
    yield "learned from", counted(len(training.pairs_sha256), "pair") + f", seed {training.seed}"
    if how := training.instruction:
        yield (
            "recipe",
            f"{how.recipe}: {how.steps} steps of batch {how.batch}, rate {how.learning_rate:g}",
        )
        first, last = (sum(x) / len(x) for x in (how.loss_first, how.loss_last))
        yield "loss", f"{first:.4f} at first, {last:.4f} at the end"
    if training.grade:
        tried = [
            f"{' + '.join((TOLD.get(one.method, one.method), *one.groups))} {one.psnr:.1f} dB"
            for one in training.grade
        ]
        yield "grade tried", ", ".join(tried)
    if held := training.held_out:
        on = "it did not learn from" if held.folds is None else "with brushes of the others"
        size = "" if held.megapixels is None else f", of {held.megapixels:.1f} megapixels"
        pairs = f"on {counted(held.pairs, 'pair')} {on}{size}"
        yield "held out", "\n".join([*held_out_in_words(held), pairs])


def _branches(lineage: Lineage) -> Iterator[str]:
    """The parents as a tree, each with what it was itself mixed from."""
    for k, parent in enumerate(lineage.parents, start=1):
        last = k == len(lineage.parents)
        buckets = f" in buckets {', '.join(map(str, parent.buckets))}" if parent.buckets else ""
        method = f", a {parent.lineage.method} of" if parent.lineage else ""
        text = f"{parent.weight:g} x {parent.name}{buckets} ({parent.content_sha256[:12]}){method}"
        yield f"{'└' if last else '├'}─ {text}"
        if parent.lineage:
            yield from (f"{' ' if last else '│'}  {line}" for line in _branches(parent.lineage))


def _instruction(part: InstructionPart, header: Header) -> Iterator[tuple[str, str]]:
    base, how = part.base, part.apply
    kind = f"transformer of {base.family}" if base.family else "U-Net"
    guided = f"s_T {how.s_T:g}, s_I {how.s_I:g}, "
    if base.family:
        guided = "" if how.guidance is None else f"guidance {how.guidance:g}, "
        guided = ("" if how.s_T == 1 else f"{how.s_T:.0%} of the edit, ") + guided
    yield "base model", f"{base.id} ({kind} {base.model_sha256[:12]})"
    yield "applied with", f"{guided}{how.steps} steps of {how.sampler}, {how.resolution} px"
    yield "features", _features(part, header)


def _features(part: InstructionPart, header: Header) -> str:
    dtypes = [slot.dtype for name, slot in header.slots.items() if not is_graded(name)]
    sites = counted(len(dtypes) // 2, "site")
    segments = part.instruction.segments
    runs = " + ".join(f"{s.m} of weight {s.weight:g}" for s in segments)
    tokens = f"m = {part.instruction.m}" + (f" ({runs})" if len(segments) > 1 else "")
    edges = ", ".join(map(str, part.buckets.edges))
    buckets = counted(part.buckets.count, "bucket")
    return f"{sites}, {tokens}, {buckets} (t = {edges}), {dtypes[0]}"


def _curves(curves: dict[str, list[int]]) -> Iterator[str]:
    """What becomes of greys, a line for each channel, from black to white."""
    yield "curves of greys, black to white"
    for name in ("red", "green", "blue"):
        codes = curves[name]
        drawn = "".join(BARS[code * (len(BARS) - 1) // 255] for code in codes)
        yield f"{name:{LABEL_COLUMNS}}{drawn}"
    for name, codes in curves.items():
        yield f"{name:{LABEL_COLUMNS}}" + "".join(f"{code:4}" for code in codes[::4])


def _sites(statistics: dict[str, Any]) -> Iterator[str]:
    """A line for each site of `brushctl.brushes.statistics`, under a line of headings."""
    widest = max(map(len, statistics))
    headings = ("d", "K rms", "V rms", "K max", "V max", "K spread", "V spread")
    yield f"{'site':{widest}}" + "".join(f"{heading:>10}" for heading in headings)
    for site, s in statistics.items():
        width, *figures = s.values()
        yield f"{site:{widest}}{width:10}" + "".join(f"{x:10.3f}" for x in figures)


def _preview(data_uri: str) -> Iterator[str]:
    """The picture of a brush in half blocks of 24-bit colour, or why it cannot be shown."""
    import binascii
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image, UnidentifiedImageError

    try:
        raw = b64decode(data_uri.partition(",")[2])
        with Image.open(BytesIO(raw), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > 1024:
                yield "(the preview is too large to show)"
                return
            shape = min(picture.height / picture.width, 1)  # a taller one is squeezed
            height = max(2, round(PREVIEW_COLUMNS * shape / 2) * 2)
            small = picture.convert("RGB").resize((PREVIEW_COLUMNS, height))
    except (
        binascii.Error,
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ):
        yield "(the preview is damaged)"
        return
    for y in range(0, height, 2):
        yield "".join(_half_block(small, x, y) for x in range(PREVIEW_COLUMNS)) + PLAIN


def _half_block(picture: Any, x: int, y: int) -> str:  # noqa: ANN401  (Pillow is loaded late)
    upper, lower = (";".join(map(str, picture.getpixel((x, row)))) for row in (y, y + 1))
    return f"\x1b[38;2;{upper}m\x1b[48;2;{lower}m▀"
