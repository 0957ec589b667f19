"""What a codec of a format of photographs has to do, and what goes through its hands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from brushctl.photos.icc import Codes
from brushctl.photos.metadata.blocks import Metadata

SIGNED = "its Content Credentials, which sign the unedited picture, are left out"
"""What there is to warn of where a file has a C2PA manifest: an edited picture's would be false."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photograph as its file stores it.

    Attributes:
        codes: its samples, (h, w, channels), transparency last; not yet turned upright.
        channels: how many of the channels are colour.
        orientation: the EXIF orientation that the samples still need, 1 to 8.
        stored: the one that they are stored with.
        icc: its colour profile, None where there is none.
        cicp: ColourPrimaries and TransferCharacteristics (ITU-T H.273) that stand for a profile.
        metadata: its blocks as they stand in the file.
        encoding: how it is compressed, for this codec to compress its successor alike.
        auxiliary: what the file holds beside the photograph and its previews: each in words.
        warnings: what had to be put right to read it.
    """

    codes: Codes
    channels: int
    orientation: int
    stored: int
    icc: bytes | None
    metadata: Metadata
    cicp: tuple[int, int] | None = None
    encoding: object = None
    auxiliary: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file whose structure has been read and whose samples have not.

    Attributes:
        size: width and height of the stored samples, in pixels.
        pictures: how many there are to choose from, be they frames or pages.
        decode: reads the samples of the first; may raise whatever its decoder does.
    """

    size: tuple[int, int]
    pictures: int
    decode: Callable[[], Decoded]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be encoded.

    Attributes:
        codes: (h, w, channels), uint8 or uint16, transparency last.
        alpha: whether the last channel is transparency.
        icc: its colour profile.
        metadata: its blocks.
        encoding: how its photograph was compressed, if that was in the same format.
        quality: of the encoder, 1 to 100, in place of what `encoding` says or the codec takes; for
            a format without loss it means nothing.
    """

    codes: Codes
    alpha: bool
    icc: bytes | None
    metadata: Metadata
    encoding: object = None
    quality: int | None = None


class Codec(Protocol):
    """A module that reads and writes one format."""

    CHANNELS: tuple[int, ...]
    """Of colour that the format can hold: 1 (grey), 3 (RGB), 4 (CMYK)."""
    DEPTHS: tuple[int, ...]
    """Bits of a sample that it can hold: 8, 16."""
    ALPHA: bool
    """Whether it can hold transparency."""
    XMP_ROOM: int | None
    """Bytes that an XMP packet may have before it goes on in further segments; None for any."""

    def read_size(self, file: BinaryIO) -> tuple[int, int]:
        """Width and height in pixels, from as little of a file as tells them."""

    def parse(self, data: bytes, where: str) -> Parsed:
        """Read a file's structure once.

        Args:
            data: its bytes.
            where: names it in errors.

        Raises:
            PhotoError: it has more parts than photographs have, or is of a kind that an edit harms.
            UnidentifiedImageError: it is not of this format after all.
            Exception: whatever a decoder makes of a damaged file.
        """

    def encode(self, picture: Picture) -> bytes:
        """A file of a picture, its metadata and profile in it.

        Raises:
            Exception: whatever an encoder makes of what its format cannot hold.
        """
