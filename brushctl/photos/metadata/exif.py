"""EXIF blocks (CIPA DC-008, Exif 3.0), read once, and made true of upright pixels in place.

Only what must change is patched: maker notes and private tags come back byte for byte.
"""

import contextlib
import struct
from dataclasses import dataclass
from functools import cached_property

from brushctl.photos.metadata.directories import (
    EXIF_IFD,
    FORMATS,
    GPS_IFD,
    INTEROPERABILITY_IFD,
    LAYOUTS,
    ORIENTATION,
    WHOLE_NUMBERS,
    Directory,
    check_directories,
    first_directory,
    read_directory,
)
from brushctl.photos.metadata.regions import turned_point

MARKER = b"Exif\0\0"
"""What stands in front of a block in a JPEG's segment; some cameras fill in another last byte."""
ANY_MARKER = MARKER[:-1]
THUMBNAILS = ((0x0201, 0x0202), (0x0111, 0x0117))
"""The tags of where a JPEG is and its size, and of where strips are and theirs."""
PIXEL_X, PIXEL_Y = 0xA002, 0xA003
SUBJECT_AREA, SUBJECT_LOCATION = 0x9214, 0xA214
SHORT, LONG = 3, 4
ACROSS, DOWN, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
NO_UNIT, INCHES, CENTIMETRES = 1, 2, 3
CENTIMETRES_PER_INCH = 2.54
COLOUR_SPACE, ADOBE_RGB, UNCALIBRATED = 0xA001, 2, 0xFFFF
"""Exif has no number for Adobe RGB; some cameras write 2, which ExifTool knows."""
INTEROPERABILITY_INDEX, ADOBE_RGB_OPTION = 1, b"R03"
"""Design rule for camera file systems (DCF 2.0): a camera's Adobe RGB is an "option file"."""


@dataclass(frozen=True)
class Exif:
    """An EXIF block: a TIFF stream, without the "Exif" marker in front."""

    block: bytes

    @cached_property
    def main(self) -> Directory:
        """Its first directory."""
        return first_directory(self.block)

    @cached_property
    def capture(self) -> Directory:
        """The directory of how the photograph was taken."""
        return self._below(self.main, EXIF_IFD)

    @cached_property
    def gps(self) -> Directory:
        """The directory of where it was taken."""
        return self._below(self.main, GPS_IFD)

    @cached_property
    def interoperability(self) -> Directory:
        """The directory of the rules that the file follows."""
        return self._below(self.capture, INTEROPERABILITY_IFD)

    def check(self, where: str) -> None:
        """See that it says no more than photographs do.

        Raises:
            PhotoError: it has too many tags or directories, or values too large.
        """
        check_directories(self.main, (self.capture, self.gps, self.interoperability), where)

    @property
    def orientation(self) -> int:
        """Which way up the pixels are stored, 1 to 8; 1 where it does not say."""
        return orientation_in(self.main)

    @property
    def is_adobe_rgb(self) -> bool:
        """Whether it says that its photograph's colours are Adobe RGB."""
        space = self.capture.number(COLOUR_SPACE, 0)
        option = self.interoperability.text(INTEROPERABILITY_INDEX)
        return space == ADOBE_RGB or (space == UNCALIBRATED and option == ADOBE_RGB_OPTION)

    @property
    def dpi(self) -> float | None:
        """Pixels per inch across, None where it does not say."""
        across = self.main.numbers(ACROSS)[:1]
        unit = self.main.number(RESOLUTION_UNIT, INCHES)
        if not across or unit not in (INCHES, CENTIMETRES):
            return None
        return across[0] * (CENTIMETRES_PER_INCH if unit == CENTIMETRES else 1)

    def upright(self, orientation: int, size: tuple[int, int]) -> "Exif":
        """The block, as long as it was, for upright pixels, without a preview.

        Args:
            orientation: how the pixels were stored.
            size: width and height of the stored picture.
        """
        if self.block[:4] not in LAYOUTS:
            return self
        patched = bytearray(self.block)
        with contextlib.suppress(struct.error):  # cut short: hand on what there is
            self._patch(patched, orientation, size)
        return Exif(bytes(patched))

    def _below(self, directory: Directory, tag: int) -> Directory:
        return next(iter(directory.below(tag)), Directory(self.block))

    def _patch(self, block: bytearray, orientation: int, size: tuple[int, int]) -> None:
        layout = LAYOUTS[self.block[:4]]
        said = self.main.entries.get(ORIENTATION)
        if said and said.kind in WHOLE_NUMBERS:
            struct.pack_into(layout.order + FORMATS[said.kind], block, said.place, 1)
        x, y = (self.capture.entries.get(tag) for tag in (PIXEL_X, PIXEL_Y))
        if x and y:
            size = self.capture.number(PIXEL_X, size[0]), self.capture.number(PIXEL_Y, size[1])
        for tag in (SUBJECT_AREA, SUBJECT_LOCATION):
            self._turn_place(block, tag, orientation, size)
        if orientation >= 5 and x and y:
            # The two entries trade type, count and value, and keep their tags.
            end = struct.calcsize(layout.entry)
            block[x.at + 2 : x.at + end] = self.block[y.at + 2 : y.at + end]
            block[y.at + 2 : y.at + end] = self.block[x.at + 2 : x.at + end]
        link = self.main.link
        (second,) = struct.unpack_from(layout.link, self.block, link) if link else (0,)
        if second:
            _erase_thumbnail(block, read_directory(self.block, second))
            struct.pack_into(layout.link, block, link, 0)

    def _turn_place(
        self, block: bytearray, tag: int, orientation: int, size: tuple[int, int]
    ) -> None:
        """Turn a point, or the middle and the diameter or extents of what lies around it."""
        values = [int(value) for value in self.capture.numbers(tag)]
        entry = self.capture.entries.get(tag)
        if not entry or entry.kind not in (SHORT, LONG) or len(values) not in (2, 3, 4):
            return
        point = turned_point(orientation, (values[0], values[1]), size)
        extents = values[2:][::-1] if orientation >= 5 else values[2:]
        place = [max(0, value) for value in (*point, *extents)]
        order = LAYOUTS[self.block[:4]].order
        struct.pack_into(f"{order}{len(place)}{FORMATS[entry.kind]}", block, entry.place, *place)


def orientation_in(directory: Directory) -> int:
    """Which way up pixels are stored, as their directory says, 1 to 8; 1 where it does not."""
    values = directory.numbers(ORIENTATION)
    return int(values[0]) if len(values) == 1 and values[0] in range(1, 9) else 1


def resolution_in(directory: Directory) -> tuple[int, tuple[float, float]] | None:
    """The unit of a resolution and the pixels in it, across and down; None if not stated whole."""
    across, down = (directory.numbers(tag)[:1] for tag in (ACROSS, DOWN))
    if not across or not down or min(*across, *down) <= 0:
        return None
    return directory.number(RESOLUTION_UNIT, INCHES), (across[0], down[0])


def _erase_thumbnail(block: bytearray, directory: Directory) -> None:
    """Overwrite a preview, be it a JPEG or strips of samples."""
    for starts, sizes in THUMBNAILS:
        places = zip(directory.numbers(starts), directory.numbers(sizes), strict=False)
        for start, size in ((int(start), int(size)) for start, size in places):
            end = min(start + size, len(block))
            if 0 < start < end:
                block[start:end] = bytes(end - start)


def exif_from(block: bytes | None) -> Exif | None:
    """A block as decoders give it, or None.

    In front of it may stand its marker, and before that four bytes of a HEIF's item.
    """
    block = (block or b"").removeprefix(bytes(4)).removeprefix(MARKER)
    return Exif(block) if block else None
