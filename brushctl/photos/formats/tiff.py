"""TIFF 6.0: its directory is read once; of its samples, Pillow decodes 8 bits and tifffile 16.

Pillow would read 16 bits as 8.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from typing import BinaryIO

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, open_image
from brushctl.photos.icc import Codes, adobe_rgb_profile
from brushctl.photos.limits import TAGS
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.directories import (
    BYTE,
    LAYOUTS,
    NEW_SUBFILE_TYPE,
    ORIENTATION,
    STRUCTURAL,
    SUBIFDS,
    UNDEFINED,
    Directory,
    Order,
    check_directories,
    pages_of,
    place_of_first,
    read_directory,
)
from brushctl.photos.metadata.directory_writer import (
    HEADER,
    LONG,
    RATIONAL,
    SHORT,
    Field,
    encode_directory,
    exif_in,
    fields_of,
    header,
    links_of,
    numbers,
)
from brushctl.photos.metadata.exif import (
    ACROSS,
    DOWN,
    INCHES,
    RESOLUTION_UNIT,
    Exif,
    orientation_in,
    resolution_in,
)
from brushctl.photos.metadata.iptc import with_iptc

CHANNELS, DEPTHS, ALPHA = (1, 3, 4), (8, 16), True
XMP_ROOM = None

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANES = 273, 277, 278, 279, 284
PREDICTOR, EXTRA_SAMPLES, SAMPLE_FORMAT = 317, 338, 339
XMP, IPTC, RESOURCES, ICC_PROFILE, LAYERS = 700, 33723, 34377, 34675, 37724
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
"""Samples of a pixel that are its colour."""
ASSOCIATED, UNASSOCIATED = 1, 2
TRANSPARENCY = (ASSOCIATED, UNASSOCIATED)
"""The kinds of further samples that are transparency; of others, masks, nobody says what for."""
MOST_FURTHER = 3
REDUCED, MASK = 1, 4
"""Bits of NewSubfileType: a smaller picture of another page, or that one's transparency."""
DEEP = (WHITE_IS_ZERO, GREY, RGB)
"""Colour models that are read in 16 bits."""
UNSIGNED, SIGNED, FLOATING = 1, 2, (3, 6)
"""Formats of samples; numbers and complex numbers."""
RAW, LZW, DEFLATE = 1, 5, 8
KEPT = (RAW, LZW)
"""The compressions that are kept; all others become Deflate."""
CLASSIC = (b"II*\0", b"MM\0*")
"""What TIFFs begin with that are no BigTIFFs."""
BYTES = {XMP: BYTE, RESOURCES: UNDEFINED, ICC_PROFILE: UNDEFINED}
"""The types of blocks."""
UNREAD = {8: "CIELAB colours", 9: "ICCLAB colours", 10: "ITULAB colours", 32803: "raw sensor data",
          32844: "LogL light", 32845: "LogLuv light", 34892: "raw sensor data"}  # fmt: skip
"""Colour models (PhotometricInterpretation) that are no grey, RGB or CMYK."""
ROWS = 64  # in a strip
MOST_HEADER, MOST_DIRECTORY = 16, 8 + 20 * TAGS
"""Bytes of a BigTIFF's header, and of a directory within the limit of tags."""


class TiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF, opened by Pillow, of any size."""

    def load_prepare(self) -> None:
        """Make room for the pixels, before Pillow does so within its own limit of them."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        super().load_prepare()


def read_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height, from the first directory, where both stand in their entries."""
    head = file.read(MOST_HEADER)
    file.seek(place_of_first(head))
    page = read_directory(head + file.read(MOST_DIRECTORY), len(head))
    return page.number(WIDTH, 0), page.number(HEIGHT, 0)


def parse(data: bytes, where: str) -> Parsed:
    """Read a TIFF's first directory, and find the photograph among its pages."""
    tiff = Exif(data)  # an EXIF block is a TIFF too
    check_directories(tiff.main, (), where)
    pages = pages_of(data)
    below = tiff.main.below(SUBIFDS)
    page = _photograph_in(tiff.main, below, pages)
    check_directories(page, (), where)
    if defect := _raw_among(below) or _defect(page):
        raise PhotoError(
            f"a TIFF with {defect} cannot be edited without loss",
            where=where,
            do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
        )
    size = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if min(size) < 1:
        raise ValueError("it states no size")
    pictures = sum(not kind & (REDUCED | MASK) for _, kind in pages)
    held = {
        "other pictures": pictures > 1 or any(_is_full(b) and b.at != page.at for b in below),
        "layers": LAYERS in tiff.main.entries,
        "masks (channels besides colour and transparency)": _masks_in(page)
        or any(kind & MASK for _, kind in pages),
    }
    auxiliary = tuple(name for name, there in held.items() if there)
    return Parsed(size, pictures, partial(_decode, tiff, page, auxiliary))


def encode(picture: Picture) -> bytes:
    """A TIFF of 8 or 16 bits; Deflate if its photograph's compression was lossy.

    It begins with the EXIF block as it is, whose maker note may count from the beginning, and takes
    the block's byte order. Behind it stands the directory, with the photograph's own tags.
    """
    block = picture.metadata.exif
    if not block or block.block[:4] not in CLASSIC:
        block = Exif(header("<", 0))
    order = LAYOUTS[block.block[:4]].order
    codes = picture.codes.astype(picture.codes.dtype.newbyteorder(order), copy=False)
    code = picture.encoding if picture.encoding in KEPT else DEFLATE
    strips = [_compressed(codes[top : top + ROWS], code) for top in range(0, len(codes), ROWS)]
    fields = [
        *fields_of(block.main, STRUCTURAL),
        *links_of(block.main),
        *_fields(order, picture),
        numbers(order, COMPRESSION, SHORT, code),
        *([numbers(order, PREDICTOR, SHORT, 2)] if code != RAW else []),  # horizontal differences
        numbers(order, STRIP_SIZES, LONG, *map(len, strips)),
    ]
    at = len(block.block) + len(block.block) % 2

    def directory(first_strip: int) -> bytes:
        places = itertools.accumulate(map(len, strips), initial=first_strip)
        offsets = numbers(order, STRIP_OFFSETS, LONG, *list(places)[:-1])
        return encode_directory(order, [*fields, offsets], at)

    head = header(order, at) + block.block[HEADER:].ljust(at - HEADER, b"\0")
    return b"".join([head, directory(at + len(directory(0))), *strips])


def _photograph_in(
    main: Directory, below: Sequence[Directory], pages: Sequence[tuple[int, int]]
) -> Directory:
    """The first page, or the first that is not reduced, below it or behind it."""
    if _is_full(main):
        return main
    full = (page for page in below if _is_full(page))
    behind = (at for at, kind in pages if not kind & (REDUCED | MASK))
    return next(full, None) or next((read_directory(main.data, at) for at in behind), main)


def _is_full(page: Directory) -> bool:
    """Whether a page is a picture of its own, and not a preview or a mask of another."""
    return not page.number(NEW_SUBFILE_TYPE, 0) & (REDUCED | MASK)


def _raw_among(below: Sequence[Directory]) -> str | None:
    raw = {page.number(PHOTOMETRIC, GREY) for page in below} & UNREAD.keys()
    return f"{UNREAD[raw.pop()]} behind a preview" if raw else None


def _defect(page: Directory) -> str | None:
    """What a page holds that cannot be edited and come back as it was; else None."""
    model, bits = page.number(PHOTOMETRIC, WHITE_IS_ZERO), page.number(BITS, 1)
    samples, kind = page.number(SAMPLES, 1), page.number(SAMPLE_FORMAT, UNSIGNED)
    further = samples - COLOURS.get(model, samples)
    if model in UNREAD:
        return UNREAD[model]
    if kind in FLOATING:
        return f"{bits}-bit floating-point samples"
    if kind == SIGNED or bits not in (1, 2, 4, 8, 16):
        return f"{bits}-bit integer samples"
    if further > MOST_FURTHER:
        return f"{further} channels besides its colours"
    if bits == 16 and model not in DEEP:
        return f"16-bit {'CMYK' if model == CMYK else f'samples of colour model {model}'}"
    return None


def _decode(tiff: Exif, page: Directory, auxiliary: tuple[str, ...]) -> Decoded:
    own = page if ORIENTATION in page.entries else tiff.main
    turn = orientation_in(own)
    deep = set(page.numbers(BITS)) == {16} and page.number(PHOTOMETRIC, CMYK) in DEEP
    codes, channels = _deep_codes(_alone(page)) if deep else _codes(page)
    icc = page.raw(ICC_PROFILE) or tiff.main.raw(ICC_PROFILE) or None
    if not icc and channels == 3 and tiff.is_adobe_rgb:
        icc = adobe_rgb_profile()
    exif, warnings = _exif_in(tiff)
    dpi = resolution_in(page) or resolution_in(tiff.main)
    return Decoded(
        codes=codes,
        channels=channels,
        # Pillow turns a TIFF while loading it.
        orientation=turn if deep or own is not page else 1,
        stored=turn,
        icc=icc,
        metadata=Metadata(
            exif=exif,
            xmp=tiff.main.raw(XMP) or page.raw(XMP) or None,
            # By old custom IPTC is declared to be 32-bit numbers, which it is not.
            resources=with_iptc(tiff.main.raw(RESOURCES), tiff.main.raw(IPTC)) or None,
            dpi=dpi if dpi and min(dpi) > 0 else None,
        ),
        encoding=page.number(COMPRESSION, RAW),
        auxiliary=auxiliary,
        warnings=warnings,
    )


def _exif_in(tiff: Exif) -> tuple[Exif | None, tuple[str, ...]]:
    """What of a file's first directory is EXIF, and what there is to warn of."""
    try:
        tiff.check("EXIF")
    except PhotoError as error:
        return None, (f"its EXIF is left out: {error.what}",)
    return exif_in(tiff), ()


def _alone(page: Directory) -> bytes:
    """The file for decoders, which read the first page, with another one as its first."""
    data = page.data
    if page.at == place_of_first(data):
        return data
    layout = LAYOUTS[data[:4]]
    start = struct.calcsize(layout.first)
    link = struct.pack(layout.link, page.at)
    return b"".join((data[: start - len(link)], link, data[start:]))


def _codes(page: Directory) -> tuple[Codes, int]:
    """The samples of 8 bits or fewer, (h, w, channels), and how many of those are colour."""
    image = open_image(TiffFile, io.BytesIO(_alone(page)))
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


def _unmultiplied(colours: Codes, alpha: Codes) -> Codes:
    """Colours that were multiplied by the transparency behind them, as they were before."""
    share = np.maximum(alpha, 1) / 65535
    return np.rint(colours / share).clip(0, 65535).astype(np.uint16)


def _fields(order: Order, picture: Picture) -> list[Field]:
    """What the directory of a result says of its samples, and its blocks."""
    h, w, samples = picture.codes.shape
    metadata = picture.metadata
    blocks = {XMP: metadata.xmp, RESOURCES: metadata.resources, ICC_PROFILE: picture.icc}
    fields = [Field(tag, BYTES[tag], block) for tag, block in blocks.items() if block]
    shorts = {
        PHOTOMETRIC: {1: GREY, 3: RGB, 4: CMYK}[samples - picture.alpha],
        SAMPLES: samples,
        PLANES: 1,  # the samples of a pixel lie together
    }
    if picture.alpha:
        shorts[EXTRA_SAMPLES] = UNASSOCIATED
    if metadata.dpi:
        shorts[RESOLUTION_UNIT] = INCHES
        resolution = zip((ACROSS, DOWN), metadata.dpi, strict=True)
        fields += (numbers(order, tag, RATIONAL, dpi) for tag, dpi in resolution)
    fields += (numbers(order, tag, SHORT, value) for tag, value in shorts.items())
    longs = {WIDTH: w, HEIGHT: h, ROWS_PER_STRIP: ROWS}
    fields += (numbers(order, tag, LONG, value) for tag, value in longs.items())
    bits = picture.codes.dtype.itemsize * 8
    return [*fields, numbers(order, BITS, SHORT, *[bits] * samples)]


def _compressed(strip: Codes, code: int) -> bytes:
    if code == RAW:
        return strip.tobytes()
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]  # modulo 2^bits
    data = differences.tobytes()
    return zlib.compress(data) if code == DEFLATE else bytes(imagecodecs.lzw_encode(data))
