#!/usr/bin/env bash
# libvips 8.14.1: a TIFF packed with JPEG 2000 holds YCbCr, and its tag says RGB.
#
# PhotometricInterpretation 2 means that the samples are red, green and blue (TIFF 6.0, section 8).
# libvips writes it into a tiled TIFF with compression 33004, whose codestream has luma and two
# chromas. libvips turns them back as it reads; who goes by the tag shows other colours.
#
# Expected: a picture of the one colour 200, 60, 30 is read as that, give or take what is lost.
# Seen: libvips reads 198, 60, 31; tifffile 2026.3.3 with imagecodecs 2026.3.6 reads 98, 90, 200 from
# the same file, at quality 100 as well.
# Needs: vips (Debian's libvips-tools 8.14.1), Python 3.11 or later with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.2.6
env/bin/python - <<'P'
import numpy as np
import tifffile

flat = np.full((256, 256, 3), (200, 60, 30), np.uint8)
tifffile.imwrite("flat.tif", flat, photometric="rgb")
P
vips tiffsave flat.tif packed.tif --compression jp2k --tile -Q 100
vips copy packed.tif back.ppm
env/bin/python - <<'P'
import numpy as np
import tifffile

page = tifffile.TiffFile("packed.tif").pages[0]
back = np.frombuffer(open("back.ppm", "rb").read()[-3:], np.uint8)
by_tag = page.asarray()[5, 5]
print(f"photometric {page.photometric!r}: by the tag {by_tag}, by libvips {back}")
assert page.photometric == tifffile.PHOTOMETRIC.RGB
assert np.abs(back.astype(int) - (200, 60, 30)).max() <= 3, "libvips reads it otherwise now"
assert np.abs(by_tag.astype(int) - (98, 90, 200)).max() <= 3, "it is no longer YCbCr"
P
