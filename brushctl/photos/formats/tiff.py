"""TIFF: its directory as metadata, and its 16-bit samples, which Pillow reads as 8 bits."""

import io
import itertools
import zlib
from typing import IO, Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from brushctl.photos.icc import Codes
from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.directories import (
    EXIF_IFD,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LAYOUTS,
    PRIVATE,
    STRUCTURAL,
    first_directory,
)

BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, STRIP_SIZES, PREDICTOR = 258, 259, 262, 273, 279, 317
XMP, IPTC, RESOURCES, PROFILE = 700, 33723, 34377, 34675
SAMPLES, EXTRA_SAMPLES, LAYERS = 277, 338, 37724
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
"""Samples of a pixel that are its colour."""
ALPHA = (1, 2)
"""The kinds of further samples that are transparency; of others, masks, nobody says what for."""
MOST_FURTHER = 3
RAW, LZW, DEFLATE = 1, 5, 8
COMPRESSIONS = {"raw": RAW, "tiff_lzw": LZW}
"""The compressions that are kept, by Pillow's name; all others become Deflate."""
POINTER = 13  # a tag's type
HEADER, BIG_HEADER = b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"
UNREAD = {8: "CIELAB colours", 9: "ICCLAB colours", 10: "ITULAB colours", 32803: "raw sensor data",
          32844: "LogL light", 32845: "LogLuv light", 34892: "raw sensor data"}  # fmt: skip
"""Colour models (PhotometricInterpretation) that are no grey, RGB or CMYK."""
ROWS = 64  # in a strip
RESOLUTION = (282, 283)
"""Tags: across, down."""


class TiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF, opened by Pillow, of any size, also where several 16-bit samples are no colour.

    Pillow knows 16-bit samples with one such at most. Here it need not decode them: it is shown
    the colours alone.
    """

    def _setup(self) -> None:
        tags = self.tag_v2
        about_samples = (BITS, PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES)
        told = {tag: tags[tag] for tag in about_samples if tag in tags}
        if is_deep(self) and EXTRA_SAMPLES in told:
            tags.update({BITS: (16, 16, 16), PHOTOMETRIC: RGB, SAMPLES: 3})
            del tags[EXTRA_SAMPLES]
        super()._setup()
        tags.update(told)

    def load_prepare(self) -> None:
        """Make room for the pixels, before Pillow does so within its own limit of them."""
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size, None).im
        super().load_prepare()


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


def _told(data: bytes, header: bytes) -> Directory:
    """What the first directory of a TIFF, which an EXIF block is too, tells of its photograph."""
    kept = Directory(header)
    if data[:4] not in LAYOUTS or len(data) < len(HEADER):
        return kept
    whole = _directory(data)
    stated = first_directory(data, "")
    bulk = {tag for tag in stated if tag >= PRIVATE and stated[tag].is_bulk}
    for tag in sorted({*whole} - STRUCTURAL - bulk):
        if tag in (EXIF_IFD, GPS_IFD):
            if entries := _entries(data, whole[tag], tag):
                kept[tag] = entries
        elif whole.tagtype[tag] != POINTER:
            kept.tagtype[tag] = whole.tagtype[tag]
            kept[tag] = _as_stored(whole[tag])
    return kept


def _directory(data: bytes, at: int | None = None, group: int | None = None) -> Directory:
    found = Directory(data[: 16 if b"+" in data[2:4] else 8], group=group)
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


def blocks_of(data: bytes) -> dict[int, bytes]:
    """The XMP, IPTC and Photoshop blocks of a TIFF's first page, by tag.

    As they lie in the file: by old custom IPTC is declared to be 32-bit numbers, which it is not.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        tags = (page.tags.get(tag) for tag in (XMP, IPTC, RESOURCES))
        return {
            tag.code: data[tag.valueoffset : tag.valueoffset + tag.valuebytecount]
            for tag in tags
            if tag is not None
        }


def defect(data: bytes) -> str | None:
    """What a TIFF's first page holds that cannot be edited and come back as it was; else None."""
    if data[:4] not in LAYOUTS:
        return None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            assert isinstance(page, tifffile.TiffPage)
            model, samples, bits = page.photometric, page.sampleformat, page.bitspersample
            further = page.samplesperpixel - COLOURS.get(model, page.samplesperpixel)
            below = {inner.photometric for inner in page.pages or ()}  # type: ignore[union-attr]
    except Exception:  # decoding will tell
        return None
    if model in UNREAD:
        return UNREAD[model]
    if raw := below & UNREAD.keys():
        return f"{UNREAD[raw.pop()]} behind a preview"
    if samples in (tifffile.SAMPLEFORMAT.IEEEFP, tifffile.SAMPLEFORMAT.COMPLEXIEEEFP):
        return f"{bits}-bit floating-point samples"
    if samples == tifffile.SAMPLEFORMAT.INT or bits not in (1, 2, 4, 8, 16):
        return f"{bits}-bit integer samples"
    if further > MOST_FURTHER:
        return f"{further} channels beside its colours"
    if bits == 16 and model not in (WHITE_IS_ZERO, GREY, RGB):
        return f"16-bit {'CMYK' if model == CMYK else f'samples of colour model {model}'}"
    return None


def is_deep(image: Image.Image) -> bool:
    """Whether a TIFF that Pillow has opened holds 16-bit grey or RGB samples."""
    tags = getattr(image, "tag_v2", {})
    return set(tags.get(BITS, (8,))) == {16} and tags.get(PHOTOMETRIC) in (
        WHITE_IS_ZERO,
        GREY,
        RGB,
    )


def has_alpha(image: Image.Image) -> bool:
    """Whether a TIFF that Pillow has opened says that one of its samples is transparency."""
    return any(kind in ALPHA for kind in getattr(image, "tag_v2", {}).get(EXTRA_SAMPLES, ()))


def has_resolution(image: Image.Image) -> bool:
    """Whether an opened TIFF states one: Pillow gives one of 1 dpi to all that do not."""
    return set(RESOLUTION) <= set(getattr(image, "tag_v2", ()))


def has_layers(image: Image.Image) -> bool:
    """Whether an opened TIFF holds Photoshop's layers beside the picture that they make."""
    return LAYERS in getattr(image, "tag_v2", {})


def masks_of(image: Image.Image) -> int:
    """How many samples a pixel of an opened TIFF has beside its colour and transparency."""
    tags = getattr(image, "tag_v2", {})
    samples: int = tags.get(SAMPLES, 1)
    return max(0, samples - COLOURS.get(tags.get(PHOTOMETRIC, GREY), samples) - has_alpha(image))


def read_deep_tiff(file: IO[bytes]) -> Codes:
    """The (h, w, 1 to 4) uint16 codes of a 16-bit TIFF's first page, not yet turned upright.

    Colours and transparency, where there is one; not the masks.
    """
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        codes: Codes = page.asarray()
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and codes.ndim == 3:
            codes = np.moveaxis(codes, 0, -1)
        codes = codes if codes.ndim == 3 else codes[..., None]
        model, kinds = page.photometric, page.extrasamples
    colours = codes[..., : COLOURS[model]]
    if model == WHITE_IS_ZERO:
        colours = np.uint16(65535) - colours
    for place, kind in enumerate(kinds, COLOURS[model]):
        if kind in ALPHA:
            alpha = codes[..., place : place + 1]
            if kind == tifffile.EXTRASAMPLE.ASSOCALPHA:
                colours = _unmultiplied(colours, alpha)
            return np.concatenate([colours, alpha], axis=-1)
    return colours


def _unmultiplied(colours: Codes, alpha: Codes) -> Codes:
    """Colours that were multiplied by the transparency behind them, as they were before."""
    share = np.maximum(alpha, 1) / 65535
    return np.rint(colours / share).clip(0, 65535).astype(np.uint16)


def encode_tiff(
    codes: Codes,
    metadata: Metadata,
    *,
    icc: bytes | None,
    alpha: bool,
    compression: str | None,
) -> bytes:
    """A TIFF of 8 or 16 bits, with its metadata as tags (TIFF 6.0).

    Args:
        codes: (h, w, channels), alpha last.
        metadata: EXIF becomes tags and directories of their own, XMP and resources tags.
        icc: the colour profile.
        alpha: the last channel is transparency.
        compression: Pillow's name for the source's compression; Deflate if it was lossy.
    """
    code = COMPRESSIONS.get(compression or "", DEFLATE)
    tags = _tags(codes, metadata, icc=icc, alpha=alpha)
    tags[COMPRESSION] = code
    if code != RAW:
        tags[PREDICTOR] = 2  # horizontal differences
    strips = [_compressed(codes[top : top + ROWS], code) for top in range(0, len(codes), ROWS)]
    sizes = [len(strip) for strip in strips]
    # Counted from the end of the directory: Pillow adds where that turns out to be.
    tags[STRIP_OFFSETS] = tuple(itertools.accumulate(sizes, initial=0))[:-1]
    tags[STRIP_SIZES] = tuple(sizes)
    return b"".join([HEADER, tags.tobytes(len(HEADER)), *strips])


def _tags(codes: Codes, metadata: Metadata, *, icc: bytes | None, alpha: bool) -> Directory:
    tags = _told(metadata.exif or b"", HEADER)
    if metadata.xmp:
        tags[XMP] = metadata.xmp
    if metadata.resources:
        tags[RESOURCES] = metadata.resources
    if icc:
        tags[PROFILE] = icc
    if metadata.dpi:
        tags[282], tags[283], tags[296] = *metadata.dpi, 2  # per inch
    h, w, samples = codes.shape
    tags[256], tags[257], tags[277], tags[278] = w, h, samples, ROWS
    tags[BITS] = (codes.dtype.itemsize * 8,) * samples
    tags[PHOTOMETRIC] = {1: GREY, 3: RGB, 4: CMYK}[samples - alpha]
    tags[284] = 1  # the samples of a pixel lie together
    if alpha:
        tags[338] = 2  # not multiplied into the colours
    return tags


def _compressed(strip: Codes, code: int) -> bytes:
    if code == RAW:
        return strip.tobytes()
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]  # modulo 2^bits
    data = differences.tobytes()
    return zlib.compress(data) if code == DEFLATE else bytes(imagecodecs.lzw_encode(data))
