"""The bytes of photographs, and what their first ones tell: the format and the size."""

from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, cast

from brushctl.errors import PhotoError
from brushctl.extras import installing
from brushctl.photos.formats import UNREAD, ZIP, format_of
from brushctl.photos.formats.pillow import without_remarks
from brushctl.photos.limits import BYTES
from brushctl.reading import is_pipe, open_file, read_file, read_stream

HEAD = 96
"""Bytes by which a format is known."""


def read_photo(path: Path) -> bytes:
    """The bytes of a photograph.

    Raises:
        PhotoError: they cannot be read.
    """
    try:
        return read_file(path, BYTES)
    except OSError as error:
        do = "Name one file for its result, as in -o NAME.jpg." if is_pipe(path) else None
        raise PhotoError(reason_of(error), where=str(path), do=do) from error


def read_pipe(path: Path, where: str) -> bytes:
    """The bytes of a photograph that comes by a pipe; as `read_streamed`."""
    try:
        with path.open("rb") as pipe:
            return read_streamed(pipe, where)
    except OSError as error:
        raise PhotoError(reason_of(error), where=where) from error


def read_streamed(stream: BinaryIO, where: str) -> bytes:
    """The bytes of a photograph that comes by a stream; `where` names it in errors.

    Raises:
        PhotoError: they cannot be read, are too many, or are from their first no photograph's.
    """
    try:
        return read_stream(stream, BYTES, lambda first: _check_kind(first, where))
    except OSError as error:
        raise PhotoError(reason_of(error), where=where) from error


def begins_as_photograph(path: Path) -> bool:
    """Whether a file is one by its first bytes; not one that cannot be read."""
    try:
        with open_file(path) as file:
            return format_of(file.read(HEAD)) is not None
    except (OSError, ValueError):  # ValueError: of a name that no file can have
        return False


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


def unknown(start: bytes, where: str) -> PhotoError:
    """Of a file that begins so, which is in no format of a photograph."""
    kind = next((name for name, signature in UNREAD.items() if signature.match(start)), None)
    told = f"{kind}, not" if kind else "not"
    do = "Unpack it, and name the folder." if kind == ZIP else _what_can_be_read()
    return PhotoError(f"this is {told} a photograph that brushctl can read", where=where, do=do)


def _what_can_be_read() -> str:
    if find_spec("pillow_heif"):
        return "It reads JPEG, PNG, TIFF, WebP, AVIF and HEIC."
    return f"It reads JPEG, PNG, TIFF, WebP and AVIF, and HEIC after `{installing('pillow-heif')}`."


def reason_of(error: BaseException) -> str:
    """What an error says, as part of a message."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return cast("str", text[:1].lower() + text[1:]).rstrip(".")


def _megapixels(file: BinaryIO) -> float:
    known = format_of(file.read(HEAD))
    file.seek(0)
    width, height = known.codec.read_size(file) if known else (0, 0)
    return width * height / 1e6


def _check_kind(first: bytes, where: str) -> None:
    """See that bytes are those that a photograph begins with.

    Raises:
        PhotoError: they are not.
    """
    if not format_of(first):
        raise unknown(first, where)
