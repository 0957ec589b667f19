"""PNG: its 16-bit samples, which Pillow reads as 8 bits, and metadata that stands in its texts."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
from PIL import Image, PngImagePlugin

from brushctl.photos.colour import Codes
from brushctl.photos.metadata import XMP_NAME, Metadata, Text

XMP_TEXT = "XML:com.adobe.xmp"
RAW_PROFILE = "Raw profile type "
"""Before a PNG had a place for EXIF, ImageMagick wrote blocks into such texts, in hexadecimal."""
BLOCKS = {XMP_TEXT, *(RAW_PROFILE + kind for kind in ("APP1", "exif", "xmp", "iptc", "icc", "icm"))}
"""Texts that are read as metadata or as a profile, and written as such."""


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


def unpack_raw_profiles(image: Image.Image) -> None:
    """Put the blocks in an opened PNG's texts where its own chunks would be: exif, xmp and iptc."""
    texts = {str(name): text for name, text in image.info.items()}
    for name, text in texts.items():
        if not name.startswith(RAW_PROFILE):
            continue
        kind, block = name.removeprefix(RAW_PROFILE), _unpacked(text)
        if kind == "APP1":
            kind = "xmp" if block.startswith(XMP_NAME) else "exif"
        if block and kind in ("exif", "xmp", "iptc"):
            image.info.setdefault(kind, block.removeprefix(XMP_NAME))


def _unpacked(text: str) -> bytes:
    lines = text.split()[2:]  # after the kind and the length
    try:
        return bytes.fromhex("".join(lines))
    except ValueError:
        return b""  # what is no hexadecimal text says nothing


def texts_of(data: bytes) -> Iterator[Text]:
    """A PNG's texts, blocks aside, as they stand: not every one could be read and written again."""
    at = 8
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            text = data[at + 8 : at + 8 + size]
            if text.partition(b"\0")[0].decode("latin-1") not in BLOCKS:
                yield kind, text
        at += 8 + size + 4  # the check sum


def chunks_of(metadata: Metadata) -> PngImagePlugin.PngInfo:
    """A PNG's texts, its XMP among them."""
    chunks = PngImagePlugin.PngInfo()
    if metadata.xmp:
        chunks.add_itxt(XMP_TEXT, metadata.xmp.decode("utf-8", "replace"))
    for kind, text in metadata.texts:
        chunks.add(kind, text)
    return chunks


def write_deep_png(path: Path, codes: Codes, metadata: Metadata, icc: bytes | None) -> None:
    """Write (h, w, 1 to 4) uint16 codes as a 16-bit PNG with its metadata chunks."""
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
    with path.open("wb") as file:
        file.write(data[:header_end] + chunks)
        file.write(data[header_end:])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
