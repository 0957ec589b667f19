"""PNG: its 16-bit samples, which Pillow reads as 8 bits, and metadata that stands in its texts."""

import struct
import zlib
from collections.abc import Iterator

import imagecodecs
from PIL import Image, PngImagePlugin

from brushctl.photos.colour import Codes
from brushctl.photos.metadata import XMP_NAME, Metadata, Text, read_text

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
UNPACKED = 64 * 2**20
"""Bytes of a block, or of a profile, at most: more is a bomb."""


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


def plain_png(data: bytes) -> bytes:
    """A PNG for Pillow to open, without its texts and its profile.

    A text whose keyword is `dpi` or `interlace` would mislead it, and a profile of more than a
    megabyte is too large for it.
    """
    kept, after = [], 0
    for start, end, kind in _chunks(data):
        if kind in (PROFILE, *TEXTS):
            kept.append(data[after:start])
            after = end
    return b"".join([*kept, data[after:]]) if kept else data


def unpack_blocks(image: Image.Image, data: bytes) -> None:
    """Put a PNG's profile, and the blocks in its texts, where Pillow puts those of other formats.

    Args:
        image: the PNG, opened.
        data: its bytes.
    """
    if profile := _profile_of(data):
        image.info["icc_profile"] = profile
    for text in _texts(data):
        if block := _block_in(text):
            image.info.setdefault(*block)


def _profile_of(data: bytes) -> bytes:
    """A PNG's own profile, unpacked; nothing where there is none."""
    chunks = (data[start + 8 : end - 4] for start, end, kind in _chunks(data) if kind == PROFILE)
    return read_text((b"zTXt", next(chunks, b"")), UNPACKED)[1]  # it is packed as such a text is


def texts_of(data: bytes) -> Iterator[Text]:
    """A PNG's texts, blocks aside, as they stand: not every one could be read and written again."""
    return (text for text in _texts(data) if not _block_in(text))


def _block_in(text: Text) -> tuple[str, bytes] | None:
    """A block that stands in a text, and its name in Pillow's `info`."""
    if not text[1].startswith((XMP_TEXT + b"\0", RAW_PROFILE)):
        return None  # and is not unpacked
    keyword, said = read_text(text, UNPACKED)
    if keyword == XMP_TEXT:
        return ("xmp", said) if said else None
    try:
        block = bytes.fromhex(b"".join(said.split()[2:]).decode())  # after the kind and the length
    except ValueError:
        return None  # what is no hexadecimal text says nothing
    kind = keyword.removeprefix(RAW_PROFILE)
    if kind == b"APP1":
        kind = b"xmp" if block.startswith(XMP_NAME) else b"exif"
    name = PROFILES.get(kind)
    return (name, block.removeprefix(XMP_NAME)) if name and block else None


def _texts(data: bytes) -> Iterator[Text]:
    for start, end, kind in _chunks(data):
        if kind in TEXTS:
            yield kind, data[start + 8 : end - 4]


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
    chunks = b""
    if icc:
        chunks += _chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))
    if metadata.dpi:
        across, down = (round(dpi / 0.0254) for dpi in metadata.dpi)  # per metre
        chunks += _chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if metadata.exif:
        chunks += _chunk(b"eXIf", metadata.exif)
    for kind, text, *_ in chunks_of(metadata).chunks:
        chunks += _chunk(kind, text)
    return b"".join([data[:header_end], chunks, data[header_end:]])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
