"""A table of colours as a file, read and applied by programs that are not ours."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from brushctl.grade.lut import FINE, Lut, encode_cube, fit_lut
from brushctl.tiny.world.looks import NAMED
from brushctl.tiny.world.pictures import draw_picture

STEP = 1 / 255


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(8)
    return [draw_picture(rng).pixels for _ in range(4)]


@pytest.fixture(scope="module")
def table(pictures) -> Lut:
    """Of an edit that treats red, green and blue differently, so that none is taken for another."""
    look = NAMED["autumn"][0]
    return fit_lut(pictures[:3], [np.clip(look(x), 0, 1) for x in pictures[:3]], FINE)


def test_the_file_holds_the_table_with_red_varying_fastest(table):
    *head, nodes = encode_cube(table, "brush autumn").split("\n", 3)
    assert head == ["# brush autumn", "", "LUT_3D_SIZE 33"]
    assert re.fullmatch(r"(-?\d\.\d{6} -?\d\.\d{6} -?\d\.\d{6}\n)+", nodes)
    colours = np.array(nodes.split(), float).reshape(FINE, FINE, FINE, 3)
    np.testing.assert_allclose(colours, table.table.transpose(2, 1, 0, 3), atol=1e-6)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on this machine")
def test_ffmpeg_applies_the_file_as_we_apply_the_table(table, pictures, tmp_path):
    (tmp_path / "look.cube").write_text(encode_cube(table, "autumn"))
    codes = np.rint(pictures[3] * 65535).astype("<u2")
    height, width, _ = codes.shape
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb48le"]
    source = [*raw, "-s", f"{width}x{height}", "-i", "-"]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", *source, "-vf", "lut3d=look.cube:interp=tetrahedral", *raw, "-"],
        input=codes.tobytes(),
        cwd=tmp_path,
        check=True,
        timeout=60,
        capture_output=True,
    )
    applied = np.frombuffer(done.stdout, "<u2").reshape(codes.shape) / 65535
    np.testing.assert_allclose(applied, table(codes / 65535), atol=0.1 * STEP)


def test_opencolorio_reads_and_applies_the_file_as_we_apply_the_table(table, pictures, tmp_path):
    ocio = pytest.importorskip("PyOpenColorIO")
    (tmp_path / "look.cube").write_text(encode_cube(table, "autumn"))
    transform = ocio.FileTransform(
        str(tmp_path / "look.cube"), interpolation=ocio.INTERP_TETRAHEDRAL
    )
    processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    applied = pictures[3].astype(np.float32)
    processor.applyRGB(applied)
    np.testing.assert_allclose(applied.clip(0, 1), table(pictures[3]), atol=0.1 * STEP)
