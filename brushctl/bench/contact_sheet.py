"""Contact sheets: a labelled row of pictures for each case."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from brushctl.bench.metrics import Pixels
from brushctl.photos.icc import quantise

GAP = 10
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 30), (120, 120, 120)
TEXT_SIZE, PICTURES_FOR_TEXT = 15, 20
"""The height of text in pixels: a twentieth of a picture's side, and no less than can be read."""
LEADING = 1.6
"""A line of text with its leading, in text sizes."""


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
    text = max(TEXT_SIZE, side // PICTURES_FOR_TEXT)
    leading = round(LEADING * text)
    line = leading if any(row.caption for row in rows) else 0
    tallest = [max(picture.height for picture in row) for row in fitted]
    width = GAP + len(columns) * (side + GAP)
    height = GAP + 2 * leading + sum(tallest) + len(rows) * (line + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(text)
    pen.text((GAP, GAP), title, INK, font)
    for k, name in enumerate(columns):
        pen.text((GAP + k * (side + GAP), GAP + leading), name, FAINT, font)
    top = GAP + 2 * leading
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
    times, scale = side // max(image.size), side / max(image.size)
    if times:  # by a whole number, so that all of its pixels are squares of one size
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
