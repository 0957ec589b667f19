"""Contact sheets: a labelled row of pictures for each case."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from brushctl.bench.metrics import Pixels
from brushctl.photos.icc import quantise

GAP = 10
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 30), (120, 120, 120)
TEXT_SIZE = 15
LINE = 24
"""Height in pixels of a line of text with its leading."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case: its pictures in the order of the columns, and a line about it."""

    pictures: Sequence[Pixels]
    caption: str = ""


def contact_sheet(
    title: str, columns: Sequence[str], rows: Sequence[Row], *, side: int = 192
) -> Image.Image:
    """Pictures in a grid under the names of their columns.

    Args:
        title: stands above the grid.
        columns: one name for each picture of a row.
        rows: the cases.
        side: the square in pixels that each picture is fitted into.
    """
    fitted = [[_fitted(picture, side) for picture in row.pictures] for row in rows]
    line = LINE if any(row.caption for row in rows) else 0
    tallest = [max(picture.height for picture in row) for row in fitted]
    width = GAP + len(columns) * (side + GAP)
    height = GAP + 2 * LINE + sum(tallest) + len(rows) * (line + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    pen.text((GAP, GAP), title, INK, font)
    for k, name in enumerate(columns):
        pen.text((GAP + k * (side + GAP), GAP + LINE), name, FAINT, font)
    top = GAP + 2 * LINE
    for row, pictures, tall in zip(rows, fitted, tallest, strict=True):
        for k, picture in enumerate(pictures):
            sheet.paste(picture, (GAP + k * (side + GAP), top))
        pen.text((GAP, top + tall + 2), row.caption, INK, font)
        top += tall + line + GAP
    return sheet


def as_png(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    stream = BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _fitted(picture: Pixels, side: int) -> Image.Image:
    codes = quantise(picture, 8)
    image = Image.fromarray(codes)
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    enlarged = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return image.resize(size, enlarged)
