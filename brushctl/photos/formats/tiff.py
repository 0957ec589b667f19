"""TIFF 6.0: its directory is read once, its samples by what `tiff_pages` names."""

import io
import itertools
import struct
import zlib
from functools import partial
from typing import BinaryIO

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from brushctl.errors import PhotoError
from brushctl.photos.formats.codec import SIGNED, Decoded, Parsed, Picture
from brushctl.photos.formats.pillow import codes_of, open_image
from brushctl.photos.formats.tiff_pages import (
    ASSOCIATED,
    BITS,
    CMYK,
    COLOUR_MAP,
    COLOURS,
    COMPRESSION,
    DEFLATE,
    EXTRA_SAMPLES,
    GREY,
    HEIGHT,
    LZW,
    MASK,
    PALETTE,
    PHOTOMETRIC,
    PLANES,
    PREDICTOR,
    RAW,
    REDUCED,
    RGB,
    ROWS_PER_STRIP,
    SAMPLES,
    SEPARATE,
    STRIP_OFFSETS,
    STRIP_SIZES,
    TRANSPARENCY,
    UNASSOCIATED,
    WHITE_IS_ZERO,
    WIDTH,
    check_ends,
    defect,
    has_alpha,
    is_full,
    is_libtiffs,
    is_tifffiles,
    is_unlike_srgb,
    masks_in,
    photograph_in,
    raw_among,
)
from brushctl.photos.icc import Codes
from brushctl.photos.limits import BYTES, TAGS
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.directories import (
    BYTE,
    FORMATS,
    LAYOUTS,
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
    MAKER_NOTE,
    NOTE_ROOM,
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
    CENTIMETRES,
    CENTIMETRES_PER_INCH,
    DOWN,
    INCHES,
    NO_UNIT,
    RESOLUTION_UNIT,
    Exif,
    orientation_in,
    resolution_in,
)
from brushctl.photos.metadata.iptc import with_iptc
from brushctl.reading import read_stream

CHANNELS, DEPTHS, ALPHA = (1, 3, 4), (8, 16), True
XMP_ROOM = None
XMP, IPTC, RESOURCES, ICC_PROFILE, LAYERS = 700, 33723, 34377, 34675, 37724
MANIFEST = 52545
"""The tag of Content Credentials (C2PA 2.1, A.7)."""
UNLIKE = "its primaries or its white point are other than sRGB's; taken as sRGB"
KEPT = (RAW, LZW)
"""The compressions that are kept; all others become Deflate."""
CLASSIC = (b"II*\0", b"MM\0*")
"""What TIFFs begin with that are no BigTIFFs."""
TYPES = {XMP: BYTE, RESOURCES: UNDEFINED, ICC_PROFILE: UNDEFINED}
"""The types of blocks."""
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
    if is_full(page):
        return page.number(WIDTH, 0), page.number(HEIGHT, 0)
    file.seek(0)  # the photograph stands below or behind a preview
    return parse(read_stream(file, BYTES), "").size


def parse(data: bytes, where: str) -> Parsed:
    """Read a TIFF's first directory, and find the photograph among its pages."""
    tiff = Exif(data)  # an EXIF block is a TIFF too
    check_directories(tiff.main, (), where)
    pages = pages_of(data)
    below = tiff.main.below(SUBIFDS)
    page = photograph_in(tiff.main, below, pages)
    check_directories(page, (), where)
    if lost := raw_among(below) or defect(page):
        raise PhotoError(
            f"a TIFF with {lost} cannot be edited without loss",
            where=where,
            do="Convert it to 8 or 16 bits of RGB, or to 8 bits of CMYK.",
        )
    size = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if min(size) < 1:
        raise ValueError("it states no size")
    pictures = sum(not kind & (REDUCED | MASK) for _, kind in pages)
    held = {
        "other pictures": pictures > 1 or any(is_full(b) and b.at != page.at for b in below),
        "layers": LAYERS in tiff.main.entries,
        "masks (channels besides colour and transparency)": masks_in(page)
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


def _decode(tiff: Exif, page: Directory, auxiliary: tuple[str, ...]) -> Decoded:
    check_ends(page)
    turn = orientation_in(page if ORIENTATION in page.entries else tiff.main)
    as_stored = is_tifffiles(page) or is_libtiffs(page)
    codes, channels = _codes_as_stored(page) if as_stored else _codes(page)
    icc = page.raw(ICC_PROFILE) or tiff.main.raw(ICC_PROFILE) or None
    exif, warnings = _exif_in(tiff)
    if not icc and channels == 3 and is_unlike_srgb(page) and not tiff.is_adobe_rgb:
        warnings += (UNLIKE,)
    unit, density = resolution_in(page) or resolution_in(tiff.main) or (INCHES, None)
    inch = CENTIMETRES_PER_INCH if unit == CENTIMETRES else 1
    return Decoded(
        codes=codes,
        channels=channels,
        orientation=turn,
        stored=turn,
        icc=icc,
        metadata=Metadata(
            exif=exif,
            xmp=tiff.main.raw(XMP) or page.raw(XMP) or None,
            # By old custom IPTC is declared to be 32-bit numbers, which it is not.
            resources=with_iptc(tiff.main.raw(RESOURCES), tiff.main.raw(IPTC)) or None,
            dpi=(density[0] * inch, density[1] * inch) if density and unit != NO_UNIT else None,
            aspect=density if unit == NO_UNIT and density != (1, 1) else None,
        ),
        encoding=page.number(COMPRESSION, RAW),
        auxiliary=auxiliary,
        warnings=warnings + (SIGNED,) * (MANIFEST in tiff.main.entries),
    )


def _exif_in(tiff: Exif) -> tuple[Exif | None, tuple[str, ...]]:
    """What of a file's first directory is EXIF, and what there is to warn of."""
    try:
        tiff.check("EXIF")
    except PhotoError as error:
        return None, (f"its EXIF is left out: {error.what}",)
    note = tiff.capture.entries.get(MAKER_NOTE)
    deep = note and note.place + note.size > NOTE_ROOM
    moved = "its maker note stands elsewhere in its result: what it points at may not be found"
    return exif_in(tiff), (moved,) if deep else ()


def _alone(page: Directory) -> bytes:
    """The file for decoders, which read the first page, and some turn it: this one, as it lies."""
    data, layout = page.data, LAYOUTS[page.data[:4]]
    turn = page.entries[ORIENTATION] if orientation_in(page) != 1 else None
    if page.at == place_of_first(data) and not turn:
        return data
    alone = bytearray(data)
    link = struct.calcsize(layout.first) - struct.calcsize(layout.link)
    struct.pack_into(layout.link, alone, link, page.at)
    if turn:
        struct.pack_into(layout.order + FORMATS[turn.kind][0], alone, turn.place, 1)
    return bytes(alone)


def _codes(page: Directory) -> tuple[Codes, int]:
    """The samples of 8 bits or fewer, (h, w, channels), and how many of those are colour."""
    image = open_image(TiffFile, io.BytesIO(_alone(page)))
    image.info.pop("xmp", None)  # or Pillow turns by it
    image.load()
    codes, channels = codes_of(image)
    # Pillow takes a fourth sample for transparency whatever it is.
    return (codes if has_alpha(page) else codes[..., :channels]), channels


def _codes_as_stored(page: Directory) -> tuple[Codes, int]:
    """The samples as 8 or 16 bits, (h, w, 1 to 4) without masks; how many of those are colour."""
    data = _alone(page)
    codes: Codes = imagecodecs.tiff_decode(data) if is_libtiffs(page) else _by_tifffile(data)
    if page.number(PLANES, 1) == SEPARATE and codes.ndim == 3:
        codes = np.moveaxis(codes, 0, -1)
    codes = codes if codes.ndim == 3 else codes[..., None]
    model, kinds = page.number(PHOTOMETRIC, GREY), page.numbers(EXTRA_SAMPLES)
    if model == PALETTE:
        return _coloured(codes[..., 0], page), COLOURS[RGB]
    if (bits := page.number(BITS, 1)) < 8:
        codes = codes.astype(np.uint8) * np.uint8(255 // (2**bits - 1))
    channels = COLOURS[model]
    colours = codes[..., :channels]
    if model == WHITE_IS_ZERO:
        colours = np.iinfo(codes.dtype).max - colours
    for place, kind in enumerate(kinds, channels):
        if kind in TRANSPARENCY:
            alpha = codes[..., place : place + 1]
            if kind == ASSOCIATED:
                colours = _unmultiplied(colours, alpha)
            return np.concatenate([colours, alpha], axis=-1), channels
    return colours, channels


def _coloured(codes: Codes, page: Directory) -> Codes:
    """Samples that count the colours of a palette, as those (TIFF 6.0, section 5)."""
    colours = np.array(page.numbers(COLOUR_MAP), np.uint16).reshape(COLOURS[RGB], -1).T
    return (colours >> 8).astype(np.uint8)[codes.astype(np.uint8)]


def _by_tifffile(data: bytes) -> Codes:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        return page.asarray()


def _unmultiplied(colours: Codes, alpha: Codes) -> Codes:
    """Colours that were multiplied by the transparency behind them, as they were before."""
    top = np.iinfo(alpha.dtype).max
    share = np.maximum(alpha, 1) / top
    return np.rint(colours / share).clip(0, top).astype(alpha.dtype)


def _fields(order: Order, picture: Picture) -> list[Field]:
    """What the directory of a result says of its samples, and its blocks."""
    h, w, samples = picture.codes.shape
    metadata = picture.metadata
    blocks = {XMP: metadata.xmp, RESOURCES: metadata.resources, ICC_PROFILE: picture.icc}
    fields = [Field(tag, TYPES[tag], block) for tag, block in blocks.items() if block]
    shorts = {
        PHOTOMETRIC: {1: GREY, 3: RGB, 4: CMYK}[samples - picture.alpha],
        SAMPLES: samples,
        PLANES: 1,  # the samples of a pixel lie together
    }
    if picture.alpha:
        shorts[EXTRA_SAMPLES] = UNASSOCIATED
    if density := metadata.dpi or metadata.aspect:
        shorts[RESOLUTION_UNIT] = INCHES if metadata.dpi else NO_UNIT
        fields += (
            numbers(order, tag, RATIONAL, pixels)
            for tag, pixels in zip((ACROSS, DOWN), density, strict=True)
        )
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
