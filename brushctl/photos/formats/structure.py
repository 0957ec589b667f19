"""What a file is made of, looked through before a decoder is given it: decoders have few limits."""

import io
import itertools

from brushctl.errors import PhotoError
from brushctl.photos.formats import jpeg, webp
from brushctl.photos.formats.heif import check_boxes
from brushctl.photos.limits import PARTS
from brushctl.photos.metadata.directories import LAYOUTS, check_directories


def check_structure(data: bytes, where: str) -> None:
    """See that a file has no more parts than photographs have, in time that grows with its size.

    A PNG's chunks are counted where they are taken apart.

    Args:
        data: its bytes, of whatever format.
        where: names it in errors.

    Raises:
        PhotoError: it has more of something than `limits` allows.
    """
    if data[:4] in LAYOUTS:
        check_directories(data, where)
    elif data.startswith(jpeg.SIGNATURE):
        jpeg.check_segments(io.BytesIO(data), where)
        jpeg.check_scans(data, where)
    elif data.startswith(webp.SIGNATURE):
        if any(True for _ in itertools.islice(webp.chunks(data), PARTS, None)):
            raise PhotoError(f"it has more than {PARTS:,} chunks", where=where)
    elif data[4:8] == b"ftyp":
        check_boxes(data, where)
