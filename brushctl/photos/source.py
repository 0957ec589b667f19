"""The bytes of photographs, and what their first ones tell: the format and the size."""

from pathlib import Path
from typing import BinaryIO, cast

from brushctl.errors import PhotoError
from brushctl.extras import installing
from brushctl.photos.formats import jpeg
from brushctl.photos.formats.decoders import is_readable, open_image, without_remarks
from brushctl.photos.formats.heif import check_boxes
from brushctl.photos.formats.png import SIGNATURE, size_in
from brushctl.photos.limits import BYTES
from brushctl.reading import open_file, read_file, read_stream

HEAD = 32
"""Bytes by which a format is known, and a PNG's size."""


def read_photo(path: Path) -> bytes:
    """The bytes of a photograph.

    Raises:
        PhotoError: they cannot be read.
    """
    try:
        return read_file(path, BYTES)
    except OSError as error:
        raise PhotoError(reason_of(error), where=str(path)) from error


def read_streamed(stream: BinaryIO, where: str) -> bytes:
    """The bytes of a photograph that comes by a stream; `where` names it in errors.

    Raises:
        PhotoError: they cannot be read, are too many, or are from their first no photograph's.
    """
    try:
        return read_stream(stream, BYTES, lambda first: _check_kind(first, where))
    except OSError as error:
        raise PhotoError(reason_of(error), where=where) from error


@without_remarks()
def megapixels_of(file: Path | BinaryIO) -> float:
    """Of a photograph, as its header tells; 0 where it does not."""
    try:
        if not isinstance(file, Path):
            return _megapixels(file)
        with open_file(file) as opened:
            return _megapixels(opened)
    except Exception:  # decoding will tell
        return 0.0


def unknown(where: str) -> PhotoError:
    """Of a file that is in no format of a photograph."""
    return PhotoError(
        "this is not a photograph in a format that can be read",
        where=where,
        do=f"JPEG, PNG, TIFF, WebP and AVIF can be; HEIC after `{installing('pillow-heif')}`.",
    )


def reason_of(error: BaseException) -> str:
    """What an error says, as part of a message."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return cast("str", text[:1].lower() + text[1:]).rstrip(".")


def _megapixels(file: BinaryIO) -> float:
    head = file.read(HEAD)
    if head.startswith(SIGNATURE):  # Pillow would unpack all that stands before the pixels
        width, height = size_in(head)
        return width * height / 1e6
    if head.startswith(jpeg.SIGNATURE):
        jpeg.check_segments(file, "")
    file.seek(0)
    if head[4:8] == b"ftyp":  # its decoder goes through all items to come to the size
        check_boxes(read_stream(file, BYTES), "")
        file.seek(0)
    with open_image(file) as image:
        return image.width * image.height / 1e6


def _check_kind(first: bytes, where: str) -> None:
    """See that bytes are those that a photograph begins with.

    Raises:
        PhotoError: they are not.
    """
    if not is_readable(first):
        raise unknown(where)
