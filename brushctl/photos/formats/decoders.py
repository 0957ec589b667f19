"""Pillow's decoders, used without a trace in Pillow, which belongs to the whole process.

`Image.open` knows the decoders that the process has registered, and warns of a picture of more
than `Image.MAX_IMAGE_PIXELS`, or refuses it. Here the decoders are called as it calls them: the one
for HEIC need not be registered, and how large a photograph may be is decided here.
"""

import struct
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from re import compile as pattern
from typing import IO, Any, TypeAlias, cast

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from brushctl.errors import lack_of
from brushctl.photos.formats.tiff import TiffFile

Opener: TypeAlias = Callable[[IO[bytes], str], ImageFile]
Accepts: TypeAlias = Callable[[bytes], bool | str]

ACROSS = ("JPEG", "PNG", "WEBP", "AVIF")
"""Formats that Pillow's own decoders open as they are; with a JPEG's that of an MPO."""
START = 16
"""Bytes by which a decoder tells its own files."""
NOT_ITS_OWN = (SyntaxError, IndexError, TypeError, struct.error)
"""What a decoder of Pillow raises for a file that is none of its own after all."""

REMARKS = ("ignore", None, UserWarning, pattern(r"PIL\."), 0)
"""A filter of warnings: what Pillow remarks on odd metadata."""
_lock = threading.Lock()  # of what is the process's, and changed for a moment
_within, _filters = 0, cast("list[Any]", warnings.filters)


def open_image(file: IO[bytes]) -> ImageFile:
    """A picture, its header read and its pixels not; of any size.

    Args:
        file: at its beginning.

    Raises:
        UnidentifiedImageError: it is of no format that can be read.
        Exception: whatever a decoder makes of a damaged file.
    """
    start = file.read(START)
    for opener, accepts in _decoders():
        if accepts(start) is not True:  # words, where the format could not be built in
            continue
        with suppress(*NOT_ITS_OWN):
            return _opened(opener, file)
    raise UnidentifiedImageError


def is_readable(start: bytes) -> bool:
    """Whether a file that begins so is of a format that can be read."""
    return any(accepts(start[:START]) is True for _, accepts in _decoders())


def _opened(opener: Opener, file: IO[bytes]) -> ImageFile:
    file.seek(0)
    try:
        return opener(file, "")
    except Image.DecompressionBombError:  # a WebP's decoder asks for the process's limit by itself
        with _lock:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                file.seek(0)
                return opener(file, "")
            finally:
                Image.MAX_IMAGE_PIXELS = limit


def _decoders() -> Iterator[tuple[Opener, Accepts]]:
    Image.init()
    known: dict[str, tuple[Any, Any]] = Image.OPEN
    yield from (known[name] for name in ACROSS if name in known)
    yield TiffFile, known["TIFF"][1]
    try:
        from pillow_heif import HeifImageFile, get_file_mimetype
    except ImportError as error:
        if lack_of(error):
            raise
        return
    yield HeifImageFile, lambda start: get_file_mimetype(start).startswith("image/hei")


@contextmanager
def without_remarks() -> Generator[None]:
    """Keep Pillow's remarks on odd metadata, which are warnings, to itself; also a decorator.

    Python has one list of filters for all threads. The first to come adds one, the last to go takes
    it away.
    """
    global _within, _filters  # noqa: PLW0603
    with _lock:
        _within += 1
        if _within == 1:
            _filters = cast("list[Any]", warnings.filters)
            _filters.insert(0, REMARKS)
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if not _within:
                # Somebody may have begun or ended a `catch_warnings` since, which changes lists.
                for filters in (_filters, cast("list[Any]", warnings.filters)):
                    with suppress(ValueError):
                        filters.remove(REMARKS)
