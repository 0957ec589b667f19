"""PNG: its 16-bit samples, which Pillow reads as 8 bits, and metadata that stands in its texts."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import imagecodecs
from PIL import PngImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.icc import Codes
from brushctl.photos.limits import METADATA, PARTS, PIECES
from brushctl.photos.metadata.blocks import XMP_NAME, Metadata, Text, read_text

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_TEXT = b"XML:com.adobe.xmp"
RAW_PROFILE = b"Raw profile type "
"""Before a PNG had a place for EXIF, ImageMagick wrote blocks into such texts, in hexadecimal."""
PROFILES = {
    b"exif": "exif", b"xmp": "xmp", b"iptc": "iptc", b"8bim": "iptc",
    b"icc": "icc_profile", b"icm": "icc_profile",
}  # fmt: skip
"""What such a text's kind is in Pillow's `info`."""
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
PROFILE = b"iCCP"
PIXELS = (b"IDAT", b"fdAT")
UNPACKED = METADATA
"""Bytes of all blocks in texts, or of a profile, at most: more is a bomb."""


def size_in(head: bytes) -> tuple[int, int]:
    """The width and height that a PNG's first bytes tell; `struct.error` if they do not."""
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def read_deep_png(data: bytes) -> Codes:
    """The (h, w, 1 to 4) uint16 codes of a 16-bit PNG."""
    codes: Codes = imagecodecs.png_decode(data)
    return codes if codes.ndim == 3 else codes[..., None]


def ends_in_pixels(data: bytes) -> bool:
    """Whether nothing stands behind a PNG's pixels but its end; in doubt not."""
    last = data.rfind(b"IDAT")
    (size,) = struct.unpack_from(">I", data, last - 4)
    end = last + 4 + size + 4  # the pixels, and their check sum
    return data[end + 4 : end + 8] == b"IEND"


@dataclass(frozen=True, slots=True)
class Chunks:
    """What a PNG holds, apart from what Pillow may read by itself.

    Attributes:
        shown: the PNG for Pillow to open, without its texts and its profile: a text whose keyword
            is `dpi` or `interlace` would mislead it, and a profile of more than a megabyte is too
            large for it.
        blocks: the profile, and what stands in texts that would have a place of its own: exif,
            xmp, iptc, a profile, by their names in Pillow's `info`.
        texts: all others as they stand: not every one could be read and written again.
        warnings: what there is to tell.
    """

    shown: bytes
    blocks: dict[str, bytes]
    texts: tuple[Text, ...]
    warnings: tuple[str, ...]


def read_chunks(data: bytes, where: str = "") -> Chunks:
    """A PNG taken apart.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has more chunks than there is any use for.
    """
    kept, after = [], 0
    found: list[Text] = []
    profiles: list[bytes] = []
    pieces = others = 0
    for start, end, kind in _chunks(data):
        pieces += kind in PIXELS
        others += kind not in PIXELS
        if pieces > PIECES or others > PARTS:
            limit = f"{PIECES:,} chunks of pixels and {PARTS:,} of other kinds"
            raise PhotoError(f"it has more chunks than the limit of {limit}", where=where)
        if kind in TEXTS:
            found.append((kind, data[start + 8 : end - 4]))
        elif kind == PROFILE:
            profiles.append(data[start + 8 : end - 4])
        else:
            continue
        kept.append(data[after:start])
        after = end
    shown = b"".join([*kept, data[after:]]) if kept else data
    # A profile is packed as a text is; of several, the first counts.
    _, profile = read_text((b"zTXt", profiles[0]), UNPACKED) if profiles else (b"", b"")
    return Chunks(shown, *_told_apart(found, {"icc_profile": profile} if profile else {}))


def _told_apart(
    found: list[Text], blocks: dict[str, bytes]
) -> tuple[dict[str, bytes], tuple[Text, ...], tuple[str, ...]]:
    """The blocks, those in texts too; the other texts; what there is to tell of them."""
    texts: list[Text] = []
    room, dropped = UNPACKED, 0  # in all: a text of some KiB may unpack to all of it
    for text in found:
        if not text[1].startswith((XMP_TEXT + b"\0", RAW_PROFILE)):
            texts.append(text)
            continue
        keyword, said = read_text(text, room + 1)
        if len(said) > room:
            room, dropped = 0, dropped + 1
            continue
        room -= len(said)
        if block := _block_in(keyword, said):
            blocks.setdefault(*block)
        else:
            texts.append(text)
    told = f"{dropped} of its texts are left out: blocks in them have more than {UNPACKED:,} bytes"
    return blocks, tuple(texts), (told,) if dropped else ()


def _block_in(keyword: bytes, said: bytes) -> tuple[str, bytes] | None:
    """A block that stands in a text, and its name in Pillow's `info`."""
    if keyword == XMP_TEXT:
        return ("xmp", said) if said else None
    try:
        _, _, digits = said.split(None, 2)  # behind the kind and the length
        block = bytes.fromhex(digits.translate(None, b" \t\n\r\f\v").decode())
    except ValueError:
        return None  # what is no hexadecimal text says nothing
    kind = keyword.removeprefix(RAW_PROFILE)
    if kind == b"APP1":
        kind = b"xmp" if block.startswith(XMP_NAME) else b"exif"
    name = PROFILES.get(kind)
    return (name, block.removeprefix(XMP_NAME)) if name and block else None


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where each chunk starts and ends, its check sum included, and its kind."""
    at = 8
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + size + 4
        if end > len(data):
            return
        yield at, end, kind
        at = end


def chunks_of(metadata: Metadata) -> PngImagePlugin.PngInfo:
    """A PNG's texts, among them its XMP and, where readers look for it, its IPTC."""
    chunks = PngImagePlugin.PngInfo()
    if metadata.xmp:
        chunks.add_itxt(XMP_TEXT.decode(), metadata.xmp.decode("utf-8", "replace"))
    if metadata.resources:
        digits = metadata.resources.hex()
        lines = (digits[k : k + 72] for k in range(0, len(digits), 72))
        said = "\n".join(["", "iptc", f"{len(metadata.resources):8}", *lines, ""])
        chunks.add_text((RAW_PROFILE + b"iptc").decode(), said, zip=True)
    for kind, text in metadata.texts:
        chunks.add(kind, text)
    return chunks


def encode_deep_png(codes: Codes, metadata: Metadata, icc: bytes | None) -> bytes:
    """A 16-bit PNG of (h, w, 1 to 4) uint16 codes, with its metadata chunks."""
    data = imagecodecs.png_encode(codes if codes.shape[2] > 1 else codes[..., 0], level=4)
    header_end = 8 + 25  # the signature and IHDR
    chunks = []
    if icc:
        chunks.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc)))
    if metadata.dpi:
        across, down = (round(dpi / 0.0254) for dpi in metadata.dpi)  # per metre
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    if metadata.exif:
        chunks.append(_chunk(b"eXIf", metadata.exif))
    chunks += (_chunk(kind, text) for kind, text, *_ in chunks_of(metadata).chunks)
    return b"".join([data[:header_end], *chunks, data[header_end:]])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
