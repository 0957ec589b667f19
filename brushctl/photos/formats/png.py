"""PNG (third edition): its chunks, which are walked through once, and what stands in its texts.

Pillow decodes 8 bits of a file that is left with what it needs for that; it reads 16 bits as 8.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import imagecodecs
import numpy as np
from PIL import PngImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.formats.cicp import SRGB_POINTS, is_known
from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, colours_among, encode_image, open_image
from brushctl.photos.icc import Codes
from brushctl.photos.limits import METADATA, PARTS, PIECES
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import exif_from
from brushctl.photos.metadata.iptc import with_iptc
from brushctl.photos.metadata.texts import Text, read_text
from brushctl.photos.metadata.xmp import XMP_NAME

CHANNELS, DEPTHS, ALPHA = (1, 3), (8, 16), True
XMP_ROOM = None

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(SIGNATURE) + 25
"""Behind the chunk IHDR."""
DEPTH = 24
"""Where IHDR tells the bits of a sample."""
XMP_TEXT = b"XML:com.adobe.xmp"
RAW_PROFILE = b"Raw profile type "
"""Before a PNG had a place for EXIF, ImageMagick wrote blocks into such texts, in hexadecimal."""
BLOCKS = {
    b"exif": "exif", b"xmp": "xmp", b"iptc": "iptc", b"8bim": "iptc", b"icc": "icc", b"icm": "icc",
}  # fmt: skip
"""What stands in such a text, by its kind."""
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
ICC_PROFILE, EXIF, RESOLUTION, FRAMES, CICP = b"iCCP", b"eXIf", b"pHYs", b"acTL", b"cICP"
SRGB, GAMMA, CHROMATICITIES = b"sRGB", b"gAMA", b"cHRM"
FRAME, MANIFEST = b"fcTL", b"caBX"
PIXELS = (b"IDAT", b"fdAT")
UNREAD = (*TEXTS, ICC_PROFILE, EXIF, FRAMES, FRAME, b"fdAT")
"""Chunks that Pillow is not shown: a text whose keyword is `dpi` or `interlace` would mislead it,
a profile of more than a megabyte is too large for it, and of an animation the first is wanted."""
UNPACKED = METADATA
"""Bytes of all blocks in texts, or of a profile, at most: more is a bomb."""
STATED = {GAMMA: (45455,), CHROMATICITIES: (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)}
"""What a PNG in sRGB says of itself (11.3.2.1, 11.3.2.2), in 100,000ths: of its curve; of white,
red, green and blue."""
NEAR = 1000
"""Of those, as much as makes no other colours."""
MOST_FRAMES = 2**31
INCH = 0.0254
"""Metres."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """What a PNG holds.

    Attributes:
        shown: the PNG for Pillow to decode.
        first: what stands in the first chunk of each kind that is read here.
        frames: how many pictures it says that it shows, one after another.
        blocks: the profile, and what stands in texts that would have a place of its own: exif,
            xmp, iptc, icc.
        texts: all others as they stand: not every one could be read and written again.
        warnings: what there is to tell.
    """

    shown: bytes
    first: dict[bytes, bytes]
    frames: int
    blocks: dict[str, bytes]
    texts: tuple[Text, ...]
    warnings: tuple[str, ...]


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, from the first chunk."""
    return _size_in(file.read(HEADER_END))


def parse(data: bytes, where: str) -> Parsed:
    """Walk through a PNG's chunks."""
    chunks = read_chunks(data, where)
    return Parsed(_size_in(data), chunks.frames, partial(_decode, data, chunks))


def encode(picture: Picture) -> bytes:
    """A PNG of 8 or 16 bits, with its metadata chunks."""
    if picture.codes.dtype == np.uint16:
        return _encode_deep(picture)
    metadata = picture.metadata
    exif = {"exif": metadata.exif.block} if metadata.exif else {}
    data = encode_image(picture, "PNG", pnginfo=chunks_of(metadata), **exif)
    if metadata.aspect and not metadata.dpi:  # which Pillow does not write
        return b"".join((data[:HEADER_END], *_density(metadata), data[HEADER_END:]))
    return data


def read_chunks(data: bytes, where: str = "") -> Chunks:
    """A PNG taken apart.

    Args:
        data: its bytes.
        where: names it in errors.

    Raises:
        PhotoError: it has more chunks than there is any use for.
    """
    kept, after, frames = [], 0, 1
    texts: list[Text] = []
    first: dict[bytes, bytes] = {}
    for start, end, kind in _chunks(data, where):
        if kind not in PIXELS and not (kind == CICP and b"IDAT" in first):  # too late (11.3.2.6)
            first.setdefault(kind, data[start + 8 : end - 4])
        elif kind == b"IDAT" and kind not in first:
            first[kind] = b""
            frames = _frames_in(first.get(FRAMES, b""), apart=FRAME not in first)
        if kind in TEXTS:
            texts.append((kind, data[start + 8 : end - 4]))
        if kind in UNREAD:
            kept.append(data[after:start])
            after = end
    shown = b"".join([*kept, data[after:]]) if after else data
    # A profile is packed as a text is; of several, the first counts.
    _, profile = read_text((b"zTXt", first.get(ICC_PROFILE, b"")), UNPACKED)
    found = {"icc": profile, "exif": first.get(EXIF, b"")}
    blocks = {name: block for name, block in found.items() if block}
    return Chunks(shown, first, frames, *_split_texts(texts, blocks))


def _split_texts(
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
    """A block that stands in a text, and its name in `Chunks`."""
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
    name = BLOCKS.get(kind)
    return (name, block.removeprefix(XMP_NAME)) if name and block else None


def _chunks(data: bytes, where: str) -> Iterator[tuple[int, int, bytes]]:
    """Where each chunk starts and ends, its check sum included, and its kind.

    Raises:
        PhotoError: they are more than there is any use for.
    """
    at, pieces, others = len(SIGNATURE), 0, 0
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + size + 4
        if end > len(data):
            return
        pieces += kind in PIXELS
        others += kind not in PIXELS
        if pieces > PIECES or others > PARTS:
            limit = f"{PIECES:,} chunks of pixels and {PARTS:,} of other kinds"
            raise PhotoError(f"it has more chunks than the limit of {limit}", where=where)
        yield at, end, kind
        at = end


def _size_in(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _frames_in(control: bytes, *, apart: bool) -> int:
    """How many pictures an animation has; its first may stand apart from it (11.3.6.1)."""
    frames = int.from_bytes(control[:4], "big")
    return frames + apart if 0 < frames <= MOST_FRAMES else 1


def _codes_in(data: bytes, shown: bytes) -> tuple[Codes, int]:
    """The samples, (h, w, channels), and how many of the channels are colour."""
    if data[DEPTH] == 16:
        try:
            codes: Codes = imagecodecs.png_decode(data)
        except (imagecodecs.PngError, UnicodeDecodeError) as error:  # whose texts hold its bytes
            raise ValueError("broken data stream") from error
        codes = codes if codes.ndim == 3 else codes[..., None]
        return codes, colours_among(codes.shape[2])
    image = open_image(PngImagePlugin.PngImageFile, io.BytesIO(shown))
    image.load()
    return codes_of(image)


def _decode(data: bytes, chunks: Chunks) -> Decoded:
    codes, channels = _codes_in(data, chunks.shown)
    blocks, first = chunks.blocks, chunks.first
    exif = exif_from(blocks.get("exif"))
    orientation = exif.orientation if exif else 1
    cicp = (first[CICP][0], first[CICP][1]) if len(first.get(CICP, b"")) == 4 else None
    # Code points that are understood come before a profile (4.3).
    icc = None if cicp and channels == 3 and is_known(*cicp) else blocks.get("icc")
    metric, density = _density_in(first.get(RESOLUTION, b""))
    adobe = exif is not None and exif.is_adobe_rgb
    unlike = not icc and not cicp and channels == 3 and _is_unlike_srgb(first) and not adobe
    told = ("its gAMA or cHRM states other colours than sRGB's; taken as sRGB",)
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        stored=orientation,
        icc=icc,
        cicp=cicp or (SRGB_POINTS if _says_srgb(first) else None),
        metadata=Metadata(
            exif=exif,
            xmp=blocks.get("xmp"),
            resources=with_iptc(b"", blocks.get("iptc", b"")) or None,
            dpi=density if metric else None,
            aspect=None if metric else density,
            texts=chunks.texts,
        ),
        auxiliary=("other pictures",) * (chunks.frames > 1),
        warnings=told * unlike + chunks.warnings + (SIGNED,) * (MANIFEST in first),
    )


def _says_srgb(first: Mapping[bytes, bytes]) -> bool:
    """Whether a PNG has chunks that say so; a curve alone may be that of other colours, too."""
    return SRGB in first or (CHROMATICITIES in first and not _is_unlike_srgb(first))


def _is_unlike_srgb(first: Mapping[bytes, bytes]) -> bool:
    """Whether a PNG without a profile has chunks that say so."""
    said = {
        kind: struct.unpack(f">{len(meant)}I", first[kind])
        for kind, meant in STATED.items()
        if len(first.get(kind, b"")) == 4 * len(meant)
    }
    stated = ((a, b) for kind in said for a, b in zip(said[kind], STATED[kind], strict=True))
    return SRGB not in first and any(abs(a - b) > NEAR for a, b in stated)


def _density_in(chunk: bytes) -> tuple[bool, tuple[float, float] | None]:
    """Whether pixels are counted by the metre, and how many are in an inch, or in no unit."""
    across, down, unit = struct.unpack(">IIB", chunk) if len(chunk) == 9 else (0, 0, 0)
    scale = INCH if unit == 1 else 1
    return unit == 1, (across * scale, down * scale) if min(across, down) > 0 else None


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


def _encode_deep(picture: Picture) -> bytes:
    codes, metadata, icc = picture.codes, picture.metadata, picture.icc
    data = imagecodecs.png_encode(codes if codes.shape[2] > 1 else codes[..., 0], level=4)
    chunks = []
    if icc:
        chunks.append(_chunk(ICC_PROFILE, b"icc\0\0" + zlib.compress(icc)))
    chunks += _density(metadata)
    if metadata.exif:
        chunks.append(_chunk(EXIF, metadata.exif.block))
    chunks += (_chunk(kind, text) for kind, text, *_ in chunks_of(metadata).chunks)
    return b"".join([data[:HEADER_END], *chunks, data[HEADER_END:]])


def _density(metadata: Metadata) -> Iterator[bytes]:
    """The chunk of the resolution per metre, or without a unit, if it is known."""
    if density := metadata.dpi or metadata.aspect:
        across, down = (round(pixels / (INCH if metadata.dpi else 1)) for pixels in density)
        yield _chunk(RESOLUTION, struct.pack(">IIB", across, down, bool(metadata.dpi)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
