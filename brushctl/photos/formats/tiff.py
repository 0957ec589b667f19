"""TIFF 6.0: its directory is read once; of its samples, Pillow decodes 8 bits and tifffile 16.

Pillow would read 16 bits as 8.
"""

import io
import itertools
import zlib
from functools import partial
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as PillowDirectory

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, open_image
from brushctl.photos.icc import Codes
from brushctl.photos.metadata.blocks import Metadata, with_iptc
from brushctl.photos.metadata.directories import (
    EXIF_IFD,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LAYOUTS,
    STRUCTURAL,
    SUBIFDS,
    Directory,
    count_pages,
    first_directory,
)
from brushctl.photos.metadata.exif import Exif, exif_from, orientation_in, resolution_in

CHANNELS, DEPTHS, ALPHA = (1, 3, 4), (8, 16), True

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANES = 273, 277, 278, 279, 284
PREDICTOR, EXTRA_SAMPLES, SAMPLE_FORMAT = 317, 338, 339
XMP, IPTC, RESOURCES, PROFILE, LAYERS = 700, 33723, 34377, 34675, 37724
RESOLUTION = (282, 283, 296)
"""Tags: across, down, and the unit."""
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
"""Samples of a pixel that are its colour."""
ASSOCIATED, UNASSOCIATED = 1, 2
TRANSPARENCY = (ASSOCIATED, UNASSOCIATED)
"""The kinds of further samples that are transparency; of others, masks, nobody says what for."""
MOST_FURTHER = 3
DEEP = (WHITE_IS_ZERO, GREY, RGB)
"""Colour models that are read in 16 bits."""
UNSIGNED, SIGNED, FLOATING = 1, 2, (3, 6)
"""Formats of samples; numbers and complex numbers."""
RAW, LZW, DEFLATE = 1, 5, 8
KEPT = (RAW, LZW)
"""The compressions that are kept; all others become Deflate."""
POINTER = 13  # a tag's type
HEADER, BIG_HEADER = b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"
UNREAD = {8: "CIELAB colours", 9: "ICCLAB colours", 10: "ITULAB colours", 32803: "raw sensor data",
          32844: "LogL light", 32845: "LogLuv light", 34892: "raw sensor data"}  # fmt: skip
"""Colour models (PhotometricInterpretation) that are no grey, RGB or CMYK."""
ROWS = 64  # in a strip


class TiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF, opened by Pillow, of any size."""

    def load_prepare(self) -> None:
        """Make room for the pixels, before Pillow does so within its own limit of them."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        super().load_prepare()


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, as Pillow tells them."""
    return open_image(TiffFile, file).size


def parse(data: bytes, where: str) -> Parsed:
    """Read a TIFF's first directory."""
    exif = Exif(data)
    exif.check(where)
    page = exif.main
    if defect := _defect(page):
        raise PhotoError(
            f"a TIFF with {defect} cannot be edited without loss",
            where=where,
            do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
        )
    size = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if min(size) < 1:
        raise ValueError("it states no size")
    pages = count_pages(data)
    return Parsed(size, pages, partial(_decode, page, pages))


def encode(picture: Picture) -> bytes:
    """A TIFF of 8 or 16 bits, with its metadata as tags; Deflate if its photograph's was lossy."""
    codes = picture.codes
    code = picture.encoding if picture.encoding in KEPT else DEFLATE
    tags = _tags(picture)
    tags[COMPRESSION] = code
    if code != RAW:
        tags[PREDICTOR] = 2  # horizontal differences
    strips = [_compressed(codes[top : top + ROWS], code) for top in range(0, len(codes), ROWS)]
    sizes = [len(strip) for strip in strips]
    # Counted from the end of the directory: Pillow adds where that turns out to be.
    tags[STRIP_OFFSETS] = tuple(itertools.accumulate(sizes, initial=0))[:-1]
    tags[STRIP_SIZES] = tuple(sizes)
    return b"".join([HEADER, tags.tobytes(len(HEADER)), *strips])


def _defect(page: Directory) -> str | None:
    """What a TIFF's first page holds that cannot be edited and come back as it was; else None."""
    model, bits = page.number(PHOTOMETRIC, WHITE_IS_ZERO), page.number(BITS, 1)
    samples, kind = page.number(SAMPLES, 1), page.number(SAMPLE_FORMAT, UNSIGNED)
    further = samples - COLOURS.get(model, samples)
    below = {inner.number(PHOTOMETRIC, GREY) for inner in page.below(SUBIFDS)}
    if model in UNREAD:
        return UNREAD[model]
    if raw := below & UNREAD.keys():
        return f"{UNREAD[raw.pop()]} behind a preview"
    if kind in FLOATING:
        return f"{bits}-bit floating-point samples"
    if kind == SIGNED or bits not in (1, 2, 4, 8, 16):
        return f"{bits}-bit integer samples"
    if further > MOST_FURTHER:
        return f"{further} channels beside its colours"
    if bits == 16 and model not in (WHITE_IS_ZERO, GREY, RGB):
        return f"16-bit {'CMYK' if model == CMYK else f'samples of colour model {model}'}"
    return None


def _decode(page: Directory, pages: int) -> Decoded:
    data, turn = page.data, orientation_in(page)
    if set(page.numbers(BITS)) == {16} and page.number(PHOTOMETRIC, CMYK) in DEEP:
        codes, channels = _deep_codes(data)
        orientation = turn
    else:
        codes, channels = _codes(page)
        orientation = 1  # Pillow turns a TIFF while loading it
    masks = _masks_in(page)
    held = {"other pictures": pages > 1, "layers": LAYERS in page.entries, "masks": masks}
    told = ("its masks (channels beside colour and transparency) are not kept",)
    dpi = resolution_in(page)
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=orientation,
        turned=turn >= 5,
        icc=page.raw(PROFILE) or None,
        metadata=Metadata(
            exif=exif_from(exif_of(data)),
            xmp=page.raw(XMP) or None,
            # By old custom IPTC is declared to be 32-bit numbers, which it is not.
            resources=with_iptc(page.raw(RESOURCES), page.raw(IPTC)) or None,
            dpi=dpi if dpi and min(dpi) > 0 else None,
        ),
        encoding=page.number(COMPRESSION, RAW),
        auxiliary=tuple(name for name, there in held.items() if there),
        warnings=told if masks else (),
    )


def _codes(page: Directory) -> tuple[Codes, int]:
    """The samples of 8 bits or fewer, (h, w, channels), and how many of those are colour."""
    image = open_image(TiffFile, io.BytesIO(page.data))
    image.info.pop("xmp", None)  # or Pillow turns by it
    image.load()
    codes, channels = codes_of(image)
    # Pillow takes a fourth sample for transparency whatever it is.
    return (codes if _has_alpha(page) else codes[..., :channels]), channels


def _deep_codes(data: bytes) -> tuple[Codes, int]:
    """The samples of 16 bits, (h, w, 1 to 4) without masks, and how many of those are colour."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        codes: Codes = page.asarray()
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and codes.ndim == 3:
            codes = np.moveaxis(codes, 0, -1)
        codes = codes if codes.ndim == 3 else codes[..., None]
        model, kinds = page.photometric, page.extrasamples
    channels = COLOURS[model]
    colours = codes[..., :channels]
    if model == WHITE_IS_ZERO:
        colours = np.uint16(65535) - colours
    for place, kind in enumerate(kinds, channels):
        if kind in TRANSPARENCY:
            alpha = codes[..., place : place + 1]
            if kind == ASSOCIATED:
                colours = _unmultiplied(colours, alpha)
            return np.concatenate([colours, alpha], axis=-1), channels
    return colours, channels


def _has_alpha(page: Directory) -> bool:
    """Whether a page says that one of its samples is transparency."""
    return any(kind in TRANSPARENCY for kind in page.numbers(EXTRA_SAMPLES))


def _masks_in(page: Directory) -> int:
    """How many samples a pixel has beside its colour and transparency."""
    samples = page.number(SAMPLES, 1)
    colours = COLOURS.get(page.number(PHOTOMETRIC, GREY), samples)
    return max(0, samples - colours - _has_alpha(page))


def exif_of(data: bytes) -> bytes | None:
    """What a TIFF's directory says about the photograph, as an EXIF block in its byte order."""
    header = HEADER if data[:2] == b"II" else BIG_HEADER
    told = _told(data, header)
    return header + told.tobytes(len(header)) if len(told) else None


class _AsStored(str):
    """Text as Pillow reads it, a character for each byte, and would write it: in ASCII."""

    __slots__ = ()

    def encode(self, *_how: str) -> bytes:
        """The bytes that were read: UTF-8 as a rule, whatever the standard says."""
        return super().encode("latin-1")


def _told(data: bytes, header: bytes) -> PillowDirectory:
    """What the first directory of a TIFF, which an EXIF block is too, tells of its photograph."""
    kept = PillowDirectory(header)
    if data[:4] not in LAYOUTS or len(data) < len(HEADER):
        return kept
    whole = _directory(data)
    bulk = {entry.tag for entry in first_directory(data).entries.values() if entry.is_bulk}
    for tag in sorted({*whole} - STRUCTURAL - bulk):
        if tag in (EXIF_IFD, GPS_IFD):
            if entries := _entries(data, whole[tag], tag):
                kept[tag] = entries
        elif whole.tagtype[tag] != POINTER:
            kept.tagtype[tag] = whole.tagtype[tag]
            kept[tag] = _as_stored(whole[tag])
    return kept


def _directory(data: bytes, at: int | None = None, group: int | None = None) -> PillowDirectory:
    found = PillowDirectory(data[: 16 if b"+" in data[2:4] else 8], group=group)
    file = io.BytesIO(data)
    file.seek(found.next if at is None else at)
    found.load(file)
    return found


def _entries(data: bytes, at: Any, group: int) -> dict[int, Any]:  # noqa: ANN401  (as stored)
    if not isinstance(at, int):
        return {}  # damaged
    found = _directory(data, at, group)
    entries = {tag: _as_stored(found[tag]) for tag in found}
    inner = entries.pop(INTEROPERABILITY_IFD, None)
    if group == EXIF_IFD and inner:
        entries[INTEROPERABILITY_IFD] = _entries(data, inner, INTEROPERABILITY_IFD)
    return entries


def _as_stored(value: Any) -> Any:  # noqa: ANN401  (numbers, tuples of them, bytes, text)
    return _AsStored(value) if isinstance(value, str) else value


def _unmultiplied(colours: Codes, alpha: Codes) -> Codes:
    """Colours that were multiplied by the transparency behind them, as they were before."""
    share = np.maximum(alpha, 1) / 65535
    return np.rint(colours / share).clip(0, 65535).astype(np.uint16)


def _tags(picture: Picture) -> PillowDirectory:
    codes, metadata = picture.codes, picture.metadata
    tags = _told(metadata.exif.block if metadata.exif else b"", HEADER)
    blocks = {XMP: metadata.xmp, RESOURCES: metadata.resources, PROFILE: picture.icc}
    tags.update({tag: block for tag, block in blocks.items() if block})
    if metadata.dpi:
        tags.update(dict(zip(RESOLUTION, (*metadata.dpi, 2), strict=True)))  # per inch
    h, w, samples = codes.shape
    tags[WIDTH], tags[HEIGHT], tags[SAMPLES], tags[ROWS_PER_STRIP] = w, h, samples, ROWS
    tags[BITS] = (codes.dtype.itemsize * 8,) * samples
    tags[PHOTOMETRIC] = {1: GREY, 3: RGB, 4: CMYK}[samples - picture.alpha]
    tags[PLANES] = 1  # the samples of a pixel lie together
    if picture.alpha:
        tags[EXTRA_SAMPLES] = UNASSOCIATED
    return tags


def _compressed(strip: Codes, code: int) -> bytes:
    if code == RAW:
        return strip.tobytes()
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]  # modulo 2^bits
    data = differences.tobytes()
    return zlib.compress(data) if code == DEFLATE else bytes(imagecodecs.lzw_encode(data))
