"""The pages of a TIFF 6.0: which is the photograph, and what cannot be edited without loss."""

from collections.abc import Sequence

from brushctl.photos.metadata.directories import (
    NEW_SUBFILE_TYPE,
    Directory,
    read_directory,
)

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, COLOUR_MAP = 256, 257, 258, 259, 262, 320
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANES = 273, 277, 278, 279, 284
PREDICTOR, TILE_OFFSETS, TILE_SIZES, EXTRA_SAMPLES, SAMPLE_FORMAT = 317, 324, 325, 338, 339
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
"""Samples of a pixel that are its colour."""
ASSOCIATED, UNASSOCIATED = 1, 2
TRANSPARENCY = (ASSOCIATED, UNASSOCIATED)
"""The kinds of further samples that are transparency; of others, masks, nobody says what for."""
WHITE_POINT, PRIMARIES = 318, 319
SRGB = {WHITE_POINT: (0.3127, 0.3290), PRIMARIES: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)}
"""What colours are measured by (TIFF 6.0, section 20; IEC 61966-2-1 for sRGB's)."""
NEAR = 0.005
"""Of each coordinate: programs round them."""
MOST_FURTHER = 3
REDUCED, MASK = 1, 4
"""Bits of NewSubfileType: a smaller picture of another page, or that one's transparency."""
DEEP = (WHITE_IS_ZERO, GREY, RGB)
"""Colour models that are read in 16 bits."""
SHALLOW = (WHITE_IS_ZERO, GREY)
"""Those that are read in fewer than 8."""
UNSIGNED, SIGNED, FLOATING = 1, 2, (3, 6)
"""Formats of samples; numbers and complex numbers."""
RAW, LZW, OLD_JPEG, JPEG, DEFLATE = 1, 5, 6, 7, 8
SEPARATE = 2
"""The samples of a pixel do not lie together (PlanarConfiguration)."""
PILLOWS = (*range(1, 9), 32773, 32946, 34925, 50000)
"""The compressions that Pillow reads: of TIFF 6.0, and PackBits, Deflate, LZMA and Zstandard."""
LOSSLESS, FAX = (LZW, DEFLATE, 32773, 32946, 34925, 50000), (2, 3, 4)
"""Those among them without loss, and those for black and white. In these and in JPEG imagecodecs
has its libtiff read samples, and tifffile reads CMYK. They are as strict as Pillow's libtiff, and
print nothing on stderr of a damaged file."""
END_OF_JPEG = b"\xff\xd9"
"""Where the samples of each strip or tile end (TIFF Technical Note 2)."""
VAGUE = (33003, 33004)
"""JPEG 2000 of RGB, or of YCbCr that is called RGB: of these programs write either."""
TIFFFILES = (*VAGUE, 33005, 34712, 34887, 34933, 34934, 50001, 50002, 52546)
"""Those that tifffile reads: JPEG 2000, LERC, PNG, JPEG XR, WebP and JPEG XL."""
UNREAD = {8: "CIELAB colours", 9: "ICCLAB colours", 10: "ITULAB colours", 32803: "raw sensor data",
          32844: "LogL light", 32845: "LogLuv light", 34892: "raw sensor data"}  # fmt: skip
"""Colour models (PhotometricInterpretation) that are no grey, RGB or CMYK."""


def photograph_in(
    main: Directory, below: Sequence[Directory], pages: Sequence[tuple[int, int]]
) -> Directory:
    """The first page, or the first that is not reduced, below it or behind it."""
    if is_full(main):
        return main
    full = (page for page in below if is_full(page))
    behind = (at for at, kind in pages if not kind & (REDUCED | MASK))
    return next(full, None) or next((read_directory(main.data, at) for at in behind), main)


def is_unlike_srgb(page: Directory) -> bool:
    """Whether a page states other primaries or another white point than sRGB's."""
    stated = (zip(page.numbers(tag), meant, strict=False) for tag, meant in SRGB.items())
    return any(abs(one - other) > NEAR for pairs in stated for one, other in pairs)


def is_full(page: Directory) -> bool:
    """Whether a page is a picture of its own, and not a preview or a mask of another."""
    return not page.number(NEW_SUBFILE_TYPE, 0) & (REDUCED | MASK)


def raw_among(below: Sequence[Directory]) -> str | None:
    """What pictures below a page hold, as of raw sensor data, that cannot be edited; else None."""
    raw = {page.number(PHOTOMETRIC, GREY) for page in below} & UNREAD.keys()
    return f"{UNREAD[raw.pop()]} behind a preview" if raw else None


def defect(page: Directory) -> str | None:
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
    packing = page.number(COMPRESSION, RAW)
    if packing not in (*PILLOWS, *TIFFFILES):
        return f"samples packed in a way that is not read (compression {packing})"
    if packing in VAGUE and model not in (WHITE_IS_ZERO, GREY):
        return f"JPEG 2000 that does not tell whether it holds RGB (compression {packing})"
    plain = model in (*DEEP, CMYK) or (model == YCBCR and packing == JPEG)
    if is_tifffiles(page) and (bits not in (8, 16) or not plain):
        return f"{bits}-bit samples of colour model {model} in this packing"
    if further > MOST_FURTHER:
        return f"{further} channels besides its colours"
    if bits == 16 and model not in DEEP:
        return f"16-bit {'CMYK' if model == CMYK else f'samples of colour model {model}'}"
    return None


def is_libtiffs(page: Directory) -> bool:
    """Whether a page is one that libtiff reads by itself."""
    bits, model = set(page.numbers(BITS)) or {1}, page.number(PHOTOMETRIC, CMYK)
    packing = page.number(COMPRESSION, RAW)
    if packing in FAX:
        return bits == {1} and model in SHALLOW
    if bits == {8} and model in (*DEEP, YCBCR):
        return packing in (*LOSSLESS, OLD_JPEG, JPEG)
    few = bits in ({1}, {2}, {4}, {8}) and model in (*SHALLOW, PALETTE)
    return few and packing in LOSSLESS


def check_ends(page: Directory) -> None:
    """See that each strip or tile of JPEG ends: what is missing, decoders fill with grey.

    Raises:
        ValueError: one does not.
    """
    if page.number(COMPRESSION, RAW) != JPEG:
        return
    starts = (*page.numbers(STRIP_OFFSETS), *page.numbers(TILE_OFFSETS))
    sizes = (*page.numbers(STRIP_SIZES), *page.numbers(TILE_SIZES))
    for start, size in zip(starts, sizes, strict=False):
        if size and page.data.rfind(END_OF_JPEG, int(start), int(start + size)) < 0:
            raise ValueError("its samples are cut short")


def is_tifffiles(page: Directory) -> bool:
    """Whether a page is one that Pillow does not read, or not as it is."""
    bits, model = set(page.numbers(BITS)), page.number(PHOTOMETRIC, CMYK)
    packing = page.number(COMPRESSION, RAW)
    inks = bits == {8} and model == CMYK and packing in (*LOSSLESS, JPEG)
    deep = bits == {16} and model in DEEP
    masked = bits == {8} and model in DEEP and masks_in(page) > 0
    return deep or inks or masked or packing not in PILLOWS or page.data[:4] == b"MM\0+"


def has_alpha(page: Directory) -> bool:
    """Whether a page says that one of its samples is transparency."""
    return any(kind in TRANSPARENCY for kind in page.numbers(EXTRA_SAMPLES))


def masks_in(page: Directory) -> int:
    """How many samples a pixel has beside its colour and transparency."""
    samples = page.number(SAMPLES, 1)
    colours = COLOURS.get(page.number(PHOTOMETRIC, GREY), samples)
    return max(0, samples - colours - has_alpha(page))
