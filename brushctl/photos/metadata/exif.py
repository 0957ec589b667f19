"""EXIF blocks, made true of upright pixels in place (CIPA DC-008, Exif 3.0): the rest stays.

Three directories are looked at, each once: a link in them is followed nowhere else.
"""

import contextlib
import struct

ORIENTATION, THUMBNAIL_START, THUMBNAIL_SIZE = 0x0112, 0x0201, 0x0202
EXIF_IFD, PIXEL_X, PIXEL_Y = 0x8769, 0xA002, 0xA003


def upright_exif(exif: bytes, *, turned: bool) -> bytes:
    """A block, as long as it was, for pixels whose orientation has been baked, without a preview.

    Args:
        exif: it, a TIFF stream.
        turned: width and height have changed places.
    """
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return exif
    patched = bytearray(exif)
    with contextlib.suppress(struct.error):  # cut short: hand on what there is
        _patch_exif(patched, order, turned=turned)
    return bytes(patched)


def _patch_exif(exif: bytearray, order: str, *, turned: bool) -> None:
    (first,) = struct.unpack_from(order + "I", exif, 4)
    main, link = _entries(exif, order, first)
    if ORIENTATION in main:
        struct.pack_into(order + "H", exif, main[ORIENTATION] + 8, 1)
    if turned and EXIF_IFD in main:
        inner, _ = _entries(exif, order, _long(exif, order, main[EXIF_IFD]))
        if PIXEL_X in inner and PIXEL_Y in inner:
            # The two entries trade type, count and value, and keep their tags.
            x, y = inner[PIXEL_X], inner[PIXEL_Y]
            exif[x + 2 : x + 12], exif[y + 2 : y + 12] = exif[y + 2 : y + 12], exif[x + 2 : x + 12]
    (second,) = struct.unpack_from(order + "I", exif, link)
    if second:
        _erase_thumbnail(exif, order, second)
        struct.pack_into(order + "I", exif, link, 0)


def _erase_thumbnail(exif: bytearray, order: str, at: int) -> None:
    entries, _ = _entries(exif, order, at)
    if THUMBNAIL_START in entries and THUMBNAIL_SIZE in entries:
        start = _long(exif, order, entries[THUMBNAIL_START])
        end = min(start + _long(exif, order, entries[THUMBNAIL_SIZE]), len(exif))
        if start < end:
            exif[start:end] = bytes(end - start)


def _entries(exif: bytearray, order: str, at: int) -> tuple[dict[int, int], int]:
    """Where each tag's 12-byte entry starts, and where the link to the next directory is.

    Of a directory that is cut short, those that are there.
    """
    (count,) = struct.unpack_from(order + "H", exif, at)
    starts = [at + 2 + 12 * i for i in range(min(count, (len(exif) - at - 2) // 12))]
    tags = {struct.unpack_from(order + "H", exif, start)[0]: start for start in starts}
    return tags, at + 2 + 12 * count


def _long(exif: bytearray, order: str, entry: int) -> int:
    return int(struct.unpack_from(order + "I", exif, entry + 8)[0])
