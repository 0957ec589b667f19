"""What else a file holds beside the photograph is told from it, and not lost unnoticed."""

import numpy as np
import pytest
import tifffile

from brushctl.errors import PhotoError
from brushctl.photos.images import open_photo
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
