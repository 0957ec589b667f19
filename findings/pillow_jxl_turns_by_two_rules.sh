#!/usr/bin/env bash
# pillow-jxl-plugin 1.3.8: one picture is a quarter turn off another decoder's.
#
# In JPEG XL the orientation stands in the codestream, and a decoder applies it; what EXIF says of
# it does not count (ISO/IEC 18181-1, image metadata; 18181-2, Exif box). Of a file that was made
# from a JPEG without loss the plugin gives that JPEG's samples, as they are stored, with EXIF's
# orientation; of any other file it gives samples that are upright.
#
# Expected: 48 x 64, as djxl and imagecodecs give. Seen: 64 x 48, and 48 x 64 from the same JPEG
# when its pixels are what is compressed.
# Needs: cjxl, djxl (Debian: libjxl-tools), Python 3.11 or later with pip and a network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet pillow-jxl-plugin==1.3.8 numpy pillow imagecodecs
cat > look.py <<'P'
import subprocess

import imagecodecs
import pillow_jxl  # noqa: F401  (which Pillow then knows)
from PIL import Image

exif = Image.Exif()
exif[274] = 6
Image.linear_gradient("L").resize((64, 48)).convert("RGB").save("a.jpg", exif=exif)
for name, how in (("from the JPEG", ("--lossless_jpeg=1", "-d", "0")),
                  ("from its pixels", ("--lossless_jpeg=0", "-d", "1"))):
    subprocess.run(["cjxl", *how, "a.jpg", "a.jxl"], check=True, capture_output=True)
    subprocess.run(["djxl", "a.jxl", "a.png"], check=True, capture_output=True)
    height, width = imagecodecs.jpegxl_decode(open("a.jxl", "rb").read()).shape[:2]
    sizes = {"djxl": Image.open("a.png").size, "imagecodecs": (width, height)}
    print(f"{name}:", sizes | {"pillow-jxl-plugin": Image.open("a.jxl").size})
P
tools/bin/python look.py
