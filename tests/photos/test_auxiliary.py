"""What else a file holds beside the photograph is told from it, and not lost unnoticed."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.photo import open_photo
from tests.photos import makers

MASK = "its masks (channels beside colour and transparency) are not kept"
ONE_MASK, ALPHA_AND_MASK = ("unspecified",), ("unassalpha", "unspecified")
ALPHA_AMONG_MASKS = ("unspecified", "unassalpha", "unspecified")


@pytest.mark.parametrize(
    ("bits", "colours", "kinds", "planar"),
    [
        (8, 1, ONE_MASK, "contig"),
        (8, 3, ONE_MASK, "contig"),
        (8, 3, ALPHA_AND_MASK, "contig"),
        *(
            (16, colours, kinds, planar)
            for colours, planar in ((1, "contig"), (3, "contig"), (3, "separate"))
            for kinds in (ONE_MASK, ALPHA_AND_MASK, ALPHA_AMONG_MASKS)
        ),
    ],
)
def test_a_mask_saved_in_a_tiff_is_no_transparency(tmp_path, bits, colours, kinds, planar):
    deep = makers.deep_picture(channels=colours + len(kinds))
    codes = deep if bits == 16 else (deep >> 8).astype(np.uint8)
    stored = codes if planar == "contig" else np.moveaxis(codes, -1, 0)
    model = "rgb" if colours == 3 else "minisblack"
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, stored, photometric=model, planarconfig=planar, extrasamples=kinds)
    photo = open_photo(source)
    assert photo.warnings == (MASK,)
    assert photo.auxiliary == ("masks",)
    makers.save(target, photo.pixels, photo)
    kept = [*range(colours)]
    if "unassalpha" in kinds:
        kept.append(colours + kinds.index("unassalpha"))
    with tifffile.TiffFile(target) as file:
        assert len(file.pages[0].extrasamples) == len(kept) - colours
        np.testing.assert_array_equal(file.asarray().reshape(64, 96, -1), codes[..., kept])


def test_a_tiff_of_more_channels_than_can_be_read_is_refused_by_name(tmp_path):
    source = tmp_path / "in.tif"
    codes = makers.deep_picture(channels=8)
    tifffile.imwrite(source, codes, photometric="rgb", extrasamples=["unspecified"] * 5)
    with pytest.raises(PhotoError, match="5 channels beside its colours"):
        open_photo(source)


LAYERS = b"Adobe Photoshop Document Data Block\0MIB8ryaL" + bytes(4)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_with_layers_says_so(tmp_path, bits):
    codes = makers.picture() if bits == 8 else makers.deep_picture()
    layers = (37724, 7, len(LAYERS), LAYERS, True)
    tifffile.imwrite(tmp_path / "in.tif", codes, photometric="rgb", extratags=[layers])
    tifffile.imwrite(tmp_path / "flat.tif", codes, photometric="rgb")
    assert open_photo(tmp_path / "in.tif").auxiliary == ("layers",)
    assert open_photo(tmp_path / "flat.tif").auxiliary == ()


FILM = struct.pack(">I4s4s", 16, b"ftyp", b"mp42") + bytes(4) + struct.pack(">I4s", 100, b"mdat")
SAMSUNG = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data"


@pytest.mark.parametrize("before", [b"", SAMSUNG], ids=["Google", "Samsung"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_a_film_behind_it_says_so(tmp_path, before, progressive):
    source = tmp_path / "in.jpg"
    # A film's name inside the photograph, as in a maker note, is none behind it.
    makers.write_jpeg(source, makers.picture(), comment=FILM, progressive=progressive)
    photograph = source.read_bytes()
    assert open_photo(source).auxiliary == ()
    source.write_bytes(photograph + before)
    assert open_photo(source).auxiliary == ()
    source.write_bytes(photograph + before + FILM + bytes(92))
    assert open_photo(source).auxiliary == ("a film",)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_a_heic_with_a_film_in_it_says_so(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    Image.fromarray(makers.picture()).save(source)
    assert open_photo(source).auxiliary == ()
    film = FILM + bytes(92)
    source.write_bytes(source.read_bytes() + struct.pack(">I4s", 8 + len(film), b"mpvd") + film)
    assert open_photo(source).auxiliary == ("a film",)
