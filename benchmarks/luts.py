"""How near other programs come to a `.cube` file: what they make of a photograph with it.

`python -m benchmarks.luts` writes a table of 33 nodes along each channel, some of them beyond black
and white, has each program on this machine apply it to a photograph of 8 bits, and compares with
the table read in tetrahedra, in float. For each it prints the mean difference, in levels of 255
(what shifts all colours), and the largest, and writes them to `docs/results/lut-programs.json` with
the versions. Rounding to 8 bits alone gives 0.00 and 0.50.

Debian: ffmpeg gmic imagemagick darktable. From PyPI: opencolorio.
"""

import argparse
import re
import shlex
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage import data

from benchmarks.results import report
from brushctl.grade.lut import FINE, Lut, encode_cube, fit_lut
from brushctl.tiny.world.looks import NAMED
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/lut-programs.json")
PICTURES, SEED = 4, 8
"""Drawn pictures that the table is fitted to, and what draws them."""
FFMPEG = "ffmpeg -v error -y -i in.png -vf {} -frames:v 1 out.png"
HALD = (
    "ffmpeg -v error -y -f lavfi -i haldclutsrc=level=8,format=rgb48le "
    "-vf lut3d=look.cube -frames:v 1 hald.png"
)
"""The table as a picture, of 64 nodes."""
GMIC = (
    "gmic -v -1 in.png -input_cube look.cube {}-map_clut[0] [1] -rm[1] -cut 0,255 -round -o out.png"
)
DARKTABLE = (
    "darktable-cli in.png in.xmp out.png --core --configdir config --library :memory: "
    "--conf plugins/darkroom/lut3d/def_path=$PWD --conf plugins/imageio/format/png/bpp=16"
)
COMMANDS = {
    "ffmpeg": [FFMPEG.format("lut3d=look.cube")],
    "ffmpeg, in float": [FFMPEG.format("format=gbrpf32le,lut3d=look.cube,format=rgb24")],
    "ImageMagick": [HALD, "convert in.png hald.png -hald-clut -depth 8 out.png"],
    "ImageMagick, to 16 bits": [HALD, "convert in.png hald.png -hald-clut -depth 16 out.png"],
    "G'MIC": [GMIC.format("")],
    "G'MIC, with 256 nodes": [GMIC.format("-resize[1] 256,256,256,3,3 ")],
    "darktable, to 16 bits": [DARKTABLE],
}
"""What makes `out.png` of `in.png` and `look.cube`."""
VERSIONS = {
    "ffmpeg": ("ffmpeg -version", r"version ([\w.]+)"),
    "convert": ("convert -version", r"ImageMagick ([\d.-]+)"),
    "gmic": ("gmic", r"[Vv]ersion ([\d.]+)"),
    "darktable-cli": ("darktable-cli --version", r"darktable-cli ([\d.]+)"),
}
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:darktable="http://darktable.sf.net/" darktable:xmp_version="5"
 darktable:auto_presets_applied="1" darktable:history_end="1" darktable:iop_order_version="0">
<darktable:history><rdf:Seq><rdf:li darktable:num="0" darktable:operation="lut3d"
 darktable:enabled="1" darktable:modversion="3" darktable:params="{}" darktable:multi_priority="0"/>
</rdf:Seq></darktable:history></rdf:Description></rdf:RDF></x:xmpmeta>"""
"""An edit of darktable's that is one LUT, in hexadecimal."""
Levels = NDArray[np.float64]


def main() -> None:
    """Compare the programs."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    lut, photograph = look(), data.coffee()
    exact = 255 * lut(photograph / np.float32(255)).astype(float)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "look.cube").write_text(encode_cube(lut, "autumn"))
        (folder / "in.xmp").write_text(darktable_xmp("look.cube"))
        Image.fromarray(photograph).save(folder / "in.png")
        results = [by_command(name, lines, folder, exact) for name, lines in COMMANDS.items()]
        results += [
            by_call("OpenColorIO, tetrahedral", opencolorio, folder, exact),
            by_call("Pillow (Color3DLUT)", pillow, folder, exact),
        ]
    for row in results:
        print(f"{row['program']:28} {row.get('mean', ''):>7} {row.get('largest', ''):>7}")
    report(OUT, {"nodes": FINE, "photograph": "skimage.data.coffee", "programs": results})


def look() -> Lut:
    """A table of an edit that treats red, green and blue differently."""
    rng = np.random.default_rng(SEED)
    before = [draw_picture(rng).pixels for _ in range(PICTURES)]
    edit = NAMED["autumn"][0]
    return fit_lut(before, [np.clip(edit(x), 0, 1) for x in before], FINE)


def darktable_xmp(table: str) -> str:
    """An edit that applies a table, in sRGB and tetrahedra.

    As `dt_iop_lut3d_params_t` has it (darktable 4.2, src/iop/lut3d.c): a path, the colour space,
    the interpolation, a number of key points, room for those and a name.
    """
    params = struct.pack("<512s3i12288x128x", table.encode(), 0, 0, 0)
    return XMP.format(params.hex())


def by_command(name: str, lines: list[str], folder: Path, exact: Levels) -> dict[str, Any]:
    """What a program makes of the photograph, or that it is not here."""
    programs = [shlex.split(line)[0] for line in lines]
    if not all(map(shutil.which, programs)):
        return {"program": name, "version": None}
    (folder / "out.png").unlink(missing_ok=True)
    for line in lines:
        words = shlex.split(line.replace("$PWD", str(folder)))
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    made = imagecodecs.png_decode((folder / "out.png").read_bytes())[..., :3]
    levels = made.astype(float) * (255 / np.iinfo(made.dtype).max)
    row = {"program": name, "version": version_of(programs[-1])}
    return row | difference(levels, exact) | {"made by": "; ".join(lines)}


def by_call(
    name: str, apply: Callable[[Path], tuple[str, Levels]], folder: Path, exact: Levels
) -> dict[str, Any]:
    """What a library makes of it."""
    version, levels = apply(folder)
    return {"program": name, "version": version, **difference(levels, exact)}


def difference(levels: Levels, exact: Levels) -> dict[str, float]:
    """In the mean, and at most, in levels."""
    off = levels - exact
    return {"mean": round(float(off.mean()), 2) + 0.0, "largest": round(float(abs(off).max()), 2)}


def version_of(program: str) -> str:
    """What a program says of itself."""
    line, pattern = VERSIONS[program]
    said = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
    found = re.search(pattern, re.sub(r"\x1b\[[\d;]*m", "", said.stdout + said.stderr))
    return found[1] if found else "unknown"


def opencolorio(folder: Path) -> tuple[str, Levels]:
    """In float, rounded to 8 bits."""
    import PyOpenColorIO

    transform = PyOpenColorIO.FileTransform(
        str(folder / "look.cube"), interpolation=PyOpenColorIO.INTERP_TETRAHEDRAL
    )
    raw = PyOpenColorIO.Config.CreateRaw()
    processor = raw.getProcessor(transform).getDefaultCPUProcessor()
    pixels = np.asarray(Image.open(folder / "in.png")) / np.float32(255)
    processor.applyRGB(pixels)
    return PyOpenColorIO.__version__, np.rint(255.0 * pixels.clip(0, 1))


def pillow(folder: Path) -> tuple[str, Levels]:
    """In 8 bits, between eight nodes."""
    from PIL import __version__

    rows = (line.split() for line in (folder / "look.cube").read_text().splitlines())
    table = [float(x) for row in rows if len(row) == 3 and row[0] != "#" for x in row]
    graded = Image.open(folder / "in.png").filter(ImageFilter.Color3DLUT(FINE, table))
    return __version__, np.asarray(graded, float)


if __name__ == "__main__":
    main()
