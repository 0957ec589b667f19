"""A photograph is parsed once: no decoder opens a file twice, no list of parts is walked twice."""

import io
from collections import Counter
from collections.abc import Callable

import imagecodecs
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageFile

from brushctl.photos.formats import avif, heif, jpeg, png, tiff, tiff_pages, webp
from brushctl.photos.metadata import directories, exif
from brushctl.photos.photo import decode_photo
from tests.photos import makers


def photographs() -> dict[str, bytes]:
    """A photograph of each format, with metadata, and those of 16 bits."""
    found = {}
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"):
        stream = io.BytesIO()
        carried = {"exif": makers.exif(6), "icc_profile": makers.profile(makers.DISPLAY_P3, 2.2)}
        Image.fromarray(makers.picture()).save(stream, kind, **carried)
        found[kind] = stream.getvalue()
    found["PNG of 16 bits"] = bytes(imagecodecs.png_encode(makers.deep_picture()))
    stream = io.BytesIO()
    tifffile.imwrite(stream, makers.deep_picture(), photometric="rgb", metadata=None)
    found["TIFF of 16 bits"] = stream.getvalue()
    return found


PHOTOGRAPHS = photographs()
PARSERS = (
    (png, "_chunks"),
    (jpeg, "segments_of"),
    (jpeg, "end_of"),
    (webp, "_chunks"),
    (avif, "read_boxes"),
    (heif, "read_boxes"),
    (tiff, "pages_of"),
)
DIRECTORIES = (directories, exif, tiff, tiff_pages)


@pytest.mark.parametrize("kind", PHOTOGRAPHS)
def test_a_photograph_is_parsed_once(monkeypatch, kind):
    calls = Counter[object]()

    def counted(owner: object, name: str, of: Callable[..., object] = lambda *_: None) -> None:
        real = getattr(owner, name)

        def call(*given, **how):
            calls[owner if name == "__init__" else name, of(*given)] += 1
            return real(*given, **how)

        monkeypatch.setattr(owner, name, call)

    counted(ImageFile.ImageFile, "__init__")
    counted(tifffile.TiffFile, "__init__")
    counted(pillow_heif.HeifFile, "__init__")
    for owner, name in PARSERS:
        counted(owner, name)
    for owner in DIRECTORIES:
        counted(owner, "read_directory", lambda data, at: (bytes(data), at))
    decode_photo(PHOTOGRAPHS[kind], kind)
    assert calls
    assert {what: times for what, times in calls.items() if times > 1} == {}
