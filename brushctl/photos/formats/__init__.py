"""The formats of photographs: one codec for each, which alone knows it.

Light: the command line asks for suffixes before anything heavy is imported. A new format is a
module that fulfils `codec.Codec`, and an entry here.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from brushctl.photos.formats.codec import Codec


@dataclass(frozen=True, slots=True)
class Format:
    """A format of photographs.

    Attributes:
        name: as messages say it.
        suffixes: of its files.
        signature: what its files begin with.
        module: its codec's, in this package.
    """

    name: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes]
    module: str

    @property
    def codec(self) -> "Codec":
        """What reads and writes it."""
        return cast("Codec", import_module(f"{__name__}.{self.module}"))


def _begins(signature: bytes) -> re.Pattern[bytes]:
    return re.compile(signature, re.DOTALL)


_AVIF = rb"....ftyp(?:avi[fs]|m[is]f1....(?:....){0,16}?avi[fs])"
"""A file of ISO/IEC 14496-12 names its format; or that of all pictures, and its own behind it."""

FORMATS = (
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), _begins(rb"\xff\xd8\xff"), "jpeg"),
    Format("PNG", (".png",), _begins(rb"\x89PNG\r\n\x1a\n"), "png"),
    Format("TIFF", (".tif", ".tiff"), _begins(rb"II[*+]\0|MM\0[*+]"), "tiff"),
    Format("WEBP", (".webp",), _begins(rb"RIFF....WEBPVP8"), "webp"),
    Format("AVIF", (".avif",), _begins(_AVIF), "avif"),
    Format(
        "HEIF", (".heic", ".heif", ".hif"), _begins(rb"....ftyp(?:he[iv][cxms]|m[is]f1)"), "heif"
    ),
)
"""In this order files are tried: what is no AVIF may be a HEIF."""

SUFFIXES = {suffix: known.name for known in FORMATS for suffix in known.suffixes}
"""The formats that can be read and written, by the suffix of their files."""

RAW = frozenset(
    {
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq"),
        *(".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2"),
        *(".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    }
)
"""Suffixes of cameras' raw files, which a raw converter has to develop first."""


def readable_suffixes() -> frozenset[str]:
    """Those of `SUFFIXES` whose files can be read here: HEIC needs an extra."""
    lacking = set() if find_spec("pillow_heif") else {"HEIF"}
    return frozenset(suffix for suffix, name in SUFFIXES.items() if name not in lacking)


ZIP = "a ZIP archive"
UNREAD = {
    "a JPEG XL picture": _begins(rb"\xff\x0a|\0\0\0\x0cJXL "),
    "a JPEG 2000 picture": _begins(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  "),
    "a GIF": _begins(rb"GIF8[79]a"),
    "a BMP": _begins(rb"BM....\0\0\0\0"),
    "a Photoshop document": _begins(rb"8BPS"),
    "an OpenEXR picture": _begins(rb"\x76\x2f\x31\x01"),
    "raw sensor data": _begins(rb"....ftypcrx |FUJIFILMCCD-RAW|II(?:U\0|RO|RS)"),
    "a PDF": _begins(rb"%PDF-"),
    "a web page": _begins(rb"(?i:<!doctype html|<html)"),
    ZIP: _begins(rb"PK(?:\x03\x04|\x05\x06)"),
}
"""What else begins where photographs are looked for, none of which can be read, by what it is."""


def format_of(start: bytes) -> Format | None:
    """The format of a file, by the bytes that it begins with; None if it is no photograph's."""
    return next((known for known in FORMATS if known.signature.match(start)), None)


def format_named(name: str) -> Format:
    """The format of that name.

    Raises:
        KeyError: there is none.
    """
    return {known.name: known for known in FORMATS}[name]
