"""Open a photograph: pixels upright and in sRGB, and everything to write it back as it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from brushctl.errors import PhotoError, shortage
from brushctl.photos.formats import format_of, readable_suffixes
from brushctl.photos.formats.cicp import UNSPECIFIED, check_range, profile_of
from brushctl.photos.formats.codec import Decoded, Parsed
from brushctl.photos.formats.pillow import codes_of, without_remarks
from brushctl.photos.icc import (
    BrokenProfile,
    Codes,
    ColourSpace,
    Pixels,
    adobe_rgb_profile,
    from_profile,
    plain,
)
from brushctl.photos.limits import PARTS
from brushctl.photos.metadata.blocks import Metadata, upright, within_limits
from brushctl.photos.rows import STRIPE, Picture, in_stripes
from brushctl.photos.source import read_photo, reason_of, unknown

Alpha = NDArray[np.float32]

MAX_PIXELS = 300_000_000
"""More is refused before it is decoded: no camera makes it, and a bomb would."""
MAX_ASPECT = 100
"""A side more than this many times the other leaves a model nothing to see."""

GAP = 3.0
"""A picture is averaged down to no less than so many times its new sides before it is resampled."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph, decoded.

    Attributes:
        codes: (h, w, channels) as the file has them, upright, without alpha.
        alpha: (h, w) float32 in [0, 1], None where there is none.
        format: "JPEG", "PNG", "TIFF", "WEBP", "AVIF" or "HEIF".
        depth: bits of a sample, 8 or 16.
        colour: how the file stores colours.
        metadata: its blocks, already fit for upright pixels.
        encoding: how its file is compressed, as its format's codec tells itself.
        auxiliary: what its file holds beside it and smaller previews: other pictures, layers, masks
            or film.
        warnings: what had to be put right to read it.
    """

    codes: Codes
    alpha: Alpha | None
    format: str
    depth: int
    colour: ColourSpace
    metadata: Metadata
    encoding: object
    auxiliary: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.codes.shape[1], self.codes.shape[0]

    @property
    def rows(self) -> "Rows":
        """Its pixels, decoded when they are asked for."""
        hides = self.alpha is not None and not self.alpha.all()
        return Rows(self, _mean_seen(self) if hides else None)

    @property
    def pixels(self) -> Pixels:
        """(h, w, 3) float32, sRGB-encoded; computed each time.

        Colours of a wide-gamut photograph may lie outside [0, 1]; `resize` brings them into it for
        a model. Those under full transparency are the mean of the others.
        """
        return self.rows[:]


@dataclass(frozen=True, slots=True)
class Rows:
    """The pixels of a photograph, of which `rows[first:end]` are those of some rows.

    Attributes:
        photo: the photograph.
        hidden: (3,), what stands for colours under full transparency, which nobody sees. Else they
            would mix with others where the picture is made smaller, and a model would see them.
    """

    photo: Photo
    hidden: Pixels | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and 3."""
        width, height = self.photo.size
        return height, width, 3

    def __getitem__(self, rows: slice) -> Pixels:
        """(h, w, 3) float32, as `Photo.pixels`."""
        pixels = self.photo.colour.to_srgb(self.photo.codes[rows])
        if self.hidden is not None and self.photo.alpha is not None:
            pixels[self.photo.alpha[rows] == 0] = self.hidden
        return pixels


def open_photo(path: Path, *, first_frame: bool = False) -> Photo:
    """Read and decode a photograph completely.

    Args:
        path: the file.
        first_frame: take the first picture of an animation or a multi-page file.

    Raises:
        PhotoError: it is missing, unreadable, damaged, too large or of an unknown kind.
    """
    return decode_photo(read_photo(path), str(path), first_frame=first_frame)


def check_seen(size: tuple[int, int], where: str) -> None:
    """See that a model would see something of a photograph. A grade takes one of any shape.

    Args:
        size: width and height in pixels.
        where: names it in errors.

    Raises:
        PhotoError: it is too narrow.
    """
    if max(size) > MAX_ASPECT * min(size):
        raise PhotoError(
            f"{size[0]} x {size[1]} is too narrow a strip for a model to edit", where=where
        )


@without_remarks()
def decode_photo(data: bytes, where: str, *, first_frame: bool = False) -> Photo:
    """Decode the bytes of a photograph; `where` names them in errors.

    Raises:
        PhotoError: they are damaged, too many or of an unknown kind.
    """
    if not data:
        raise PhotoError("the file is empty", where=where, do="Copy it again, or leave it out.")
    known = format_of(data)
    if not known:
        raise unknown(data, where)
    try:
        return _decode(known.name, known.codec.parse(data, where), where, first_frame=first_frame)
    except UnidentifiedImageError as error:
        if known.suffixes[0] not in readable_suffixes():
            raise unknown(data, where) from error
        what = f"the file is damaged, or a kind of {known.name} that is not read"
        raise PhotoError(what, where=where) from error
    except PhotoError:
        raise
    except Exception as error:  # decoders raise anything at all on damaged files
        if lacking := shortage(error):
            raise PhotoError(lacking.what, where=where, do=lacking.do) from error
        raise PhotoError(f"the file is damaged ({reason_of(error)})", where=where) from error


def photo_of(image: Image.Image) -> Photo:
    """A Pillow image as a photograph: in the profile of its `info`, or in sRGB; not turned.

    Raises:
        PhotoError: it is of a mode that cannot be edited, too large or too narrow.
    """
    codes, channels = codes_of(image)
    icc = image.info.get("icc_profile")
    decoded = Decoded(codes, channels, orientation=1, stored=1, icc=icc, metadata=Metadata())
    parsed = Parsed(image.size, 1, lambda: decoded)
    return _decode("TIFF", parsed, "the image", first_frame=False)


def resize(picture: Picture, size: tuple[int, int]) -> Pixels:
    """A picture brought to (width, height) by Lanczos resampling, clipped to [0, 1].

    What is made much smaller is first averaged, so that of a photograph some rows are needed at a
    time.

    Args:
        picture: (h, w, channels) float32.
        size: the new width and height.

    Returns:
        (height, width, channels) float32.
    """
    height, width = picture.shape[:2]
    across, down = (max(1, int(a / b / GAP)) for a, b in zip((width, height), size, strict=True))
    part = (0, 0, width / across, height / down)
    return _clipped(
        band.resize(size, Image.Resampling.LANCZOS, part)
        for band in _averaged(picture, across, down)
    )


def rows_enlarged(picture: Pixels, size: tuple[int, int], first: int, end: int) -> Pixels:
    """Those rows of what `resize` makes of a picture that is to grow.

    Args:
        picture: (h, w, channels) float32.
        size: the whole's new width and height.
        first: the first row.
        end: the one after the last.
    """
    (height, width), (across, down) = picture.shape[:2], size
    part = (0, first * height / down, width, end * height / down)
    return _clipped(
        _image(picture[..., k]).resize((across, end - first), Image.Resampling.LANCZOS, part)
        for k in range(picture.shape[2])
    )


def _averaged(picture: Picture, across: int, down: int) -> list[Image.Image]:
    """The bands of a picture, each the means over boxes of so many pixels, by Pillow."""
    height, width, count = picture.shape
    bands = np.empty((count, -(-height // down), -(-width // across)), np.float32)

    def stripe(first: int, end: int) -> None:
        pixels = picture[first:end]
        for k in range(count):
            means = np.asarray(_image(pixels[..., k]).reduce((across, down)))
            bands[k, first // down : -(-end // down)] = means

    in_stripes(stripe, height, stripe=down * max(1, STRIPE // down))
    return [Image.fromarray(band) for band in bands]


def _image(band: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(band, np.float32))


def _clipped(bands: Iterable[Image.Image]) -> Pixels:
    pixels: Pixels = np.stack([np.asarray(band) for band in bands], axis=-1)
    return np.clip(pixels, 0, 1, out=pixels)


def _decode(name: str, parsed: Parsed, where: str, *, first_frame: bool) -> Photo:
    _check(parsed, where, first_frame=first_frame)
    decoded = parsed.decode()
    notes = list(decoded.warnings)
    codes = np.ascontiguousarray(_turned_upright(decoded.codes, decoded.orientation))
    colour = _colour(decoded, where, notes)
    alpha = None
    if codes.shape[2] > decoded.channels:
        alpha = codes[..., -1] * np.float32(1 / np.iinfo(codes.dtype).max)
        codes = np.ascontiguousarray(codes[..., :-1])
    try:
        colour.to_srgb(codes[:1])
    except BrokenProfile as broken:
        notes.append(f"{broken}; taken as sRGB")
        colour = plain(decoded.channels)
    metadata, dropped = within_limits(decoded.metadata)
    height, width = codes.shape[:2]
    stored_size = (height, width) if decoded.stored >= 5 else (width, height)
    return Photo(
        codes=codes,
        alpha=alpha,
        format=name,
        depth=codes.dtype.itemsize * 8,
        colour=colour,
        metadata=upright(metadata, decoded.stored, stored_size),
        encoding=decoded.encoding,
        auxiliary=decoded.auxiliary,
        warnings=(*notes, *dropped),
    )


def _check(parsed: Parsed, where: str, *, first_frame: bool) -> None:
    width, height = parsed.size
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{width} x {height} is over the limit of {MAX_PIXELS // 10**6} megapixels", where=where
        )
    if min(width, height) < 1:
        raise PhotoError(f"{width} x {height} has no pixels", where=where)
    many = f"{parsed.pictures:,}" if parsed.pictures <= PARTS else f"more than {PARTS:,}"
    if parsed.pictures > 1 and not first_frame:
        raise PhotoError(
            f"it holds {many} pictures (an animation or several pages)",
            where=where,
            do="Use --first-frame to edit the first one.",
        )


def _mean_seen(photo: Photo) -> Pixels:
    """The mean of a photograph's colours, each as opaque as it is; row by row."""
    alpha = np.empty(0) if photo.alpha is None else photo.alpha
    rows = Rows(photo, None)
    stripes = [slice(first, first + STRIPE) for first in range(0, len(alpha), STRIPE)]
    total = np.sum([np.tensordot(alpha[these], rows[these], 2) for these in stripes], axis=0)
    return np.float32(1 / max(alpha.sum(dtype=np.float64), 1.0)) * total.astype(np.float32)


def _turned_upright(codes: Codes, orientation: int) -> Codes:
    """Pixels upright, from any of the eight EXIF orientations."""
    if orientation in (2, 4, 5, 7):
        codes = codes[:, ::-1]
    quarter_turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(codes, quarter_turns)


def _colour(decoded: Decoded, where: str, notes: list[str]) -> ColourSpace:
    icc, channels = decoded.icc, decoded.channels
    check_range(decoded.cicp, icc, where)
    try:
        if not icc and channels == 3:
            icc = _stated_by_numbers(decoded)
        return from_profile(icc, channels) if icc else plain(channels)
    except BrokenProfile as broken:
        notes.append(f"{broken}; taken as sRGB")
        return plain(channels)


def _stated_by_numbers(decoded: Decoded) -> bytes | None:
    """The profile of the colours that an RGB file states without one; None for sRGB.

    Its code points count, and where they leave the primaries open, what its EXIF says.

    Raises:
        BrokenProfile: they are of a kind that no photograph has.
    """
    cicp, exif = decoded.cicp or (UNSPECIFIED, UNSPECIFIED), decoded.metadata.exif
    if cicp[0] == UNSPECIFIED and exif and exif.is_adobe_rgb:
        return adobe_rgb_profile()
    return profile_of(*cicp)
