"""Of a damaged photograph the program tells, and no library that decodes it."""

import io
import os
import re
import subprocess
import sys

from PIL import Image

from tests.cli.terminal import ROOT
from tests.photos import makers
from tests.photos.brushes import make_brush

KINDS = [
    *((mode, packing) for mode in ("1", "L", "P", "RGB", "CMYK") for packing in ("lzw", "deflate")),
    *(("1", packing) for packing in ("group3", "group4")),
    *((mode, "jpeg") for mode in ("L", "RGB", "YCbCr", "CMYK")),
]
"""Pillow's modes of TIFFs, and how they are packed."""
OURS = re.compile(r"editing photographs|failed: |\d+ done, ")


def damaged(mode: str, packing: str) -> dict[str, bytes]:
    """TIFFs whose samples are zeros, are cut short, and are said to lie behind the file's end."""
    stream = io.BytesIO()
    names = {"lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate"}
    image = Image.fromarray(makers.picture()).convert(mode)
    image.save(stream, "TIFF", compression=names.get(packing, packing), strip_size=2**20)
    data = stream.getvalue()
    with Image.open(stream) as image:
        (start,), (size,) = image.tag_v2[273], image.tag_v2[279]
    place, length = (data.index(number.to_bytes(4, "little")) for number in (start, size))
    return {
        "zeros": data[:start] + bytes(size) + data[start + size :],
        "short": data[:length] + (size // 3).to_bytes(4, "little") + data[length + 4 :],
        "far": data[:place] + (len(data) + 9).to_bytes(4, "little") + data[place + 4 :],
    }


def test_what_stands_on_stderr_of_damaged_tiffs_is_the_programs_own(tmp_path):
    make_brush(tmp_path / "dusk.brush")
    (tmp_path / "in").mkdir()
    for mode, packing in KINDS:
        for name, data in damaged(mode, packing).items():
            (tmp_path / f"in/{mode}-{packing}-{name}.tif").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.photos.driver", "apply", "dusk.brush", "in", "-o", "out"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "BRUSHCTL_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stderr.splitlines()
    assert [line for line in told if not OURS.match(line)] == []
    assert done.returncode == 3, done.stderr  # what is cut short of a fax is shown as it is
    assert sum("the file is damaged" in line for line in told) > 2 * len(KINDS)
