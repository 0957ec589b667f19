"""The process that brushctl is used in is afterwards as it was."""

import io
import json
import logging
import struct
import subprocess
import sys
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
import tifffile
from imagecodecs import png_encode
from PIL import Image

import brushctl
from brushctl.errors import PhotoError
from brushctl.photos.formats.pillow import LOGGERS, REMARKS, without_remarks
from brushctl.photos.photo import decode_photo

ROOT = Path(__file__).parents[1]
USES = (
    "opening_photographs",
    "learning",
    "files",
    "editing",
    "a_pipeline",
    "a_base_that_is_none",
)


@pytest.fixture(scope="module")
def changes(tmp_path_factory) -> dict[str, dict[str, str]]:
    """What each step of a program that uses brushctl changed in its process."""
    program = [sys.executable, "-m", "tests.host", str(tmp_path_factory.mktemp("host"))]
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("step", [*sorted(brushctl.API), *USES])
def test_a_name_looked_up_or_used_leaves_the_process_as_it_was(step, changes):
    assert changes[step] == {}


def test_every_step_is_judged(changes):
    assert set(changes) == {*brushctl.API, *USES}


def test_pillow_is_silent_for_as_long_as_any_thread_opens_a_photograph():
    before, both, one_left = warnings.filters.copy(), Barrier(3), Barrier(2)

    def open_photograph(*, long: bool) -> None:
        with without_remarks():
            both.wait()
            if long:
                one_left.wait()

    short, long = (Thread(target=open_photograph, kwargs={"long": x}) for x in (False, True))
    short.start(), long.start()
    both.wait()
    short.join()
    assert warnings.filters.count(REMARKS) == 1
    one_left.wait()
    long.join()
    assert warnings.filters == before


def damaged_files() -> dict[str, bytes]:
    """Of which libtiff, libpng and tifffile say what is wrong with them."""
    levels = np.arange(64 * 96 * 3, dtype=np.uint32).reshape(64, 96, 3)
    deep = (levels * 7919 % 65536).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(deep.astype(np.uint8)).save(stream, "TIFF", compression="tiff_lzw")
    packed = bytearray(stream.getvalue())
    packed[200:400] = bytes(200)
    stream = io.BytesIO()
    tifffile.imwrite(stream, deep, photometric="rgb", metadata=None)
    tagged = stream.getvalue().replace(struct.pack("<HH", 305, 2), struct.pack("<HH", 305, 99), 1)
    png = bytes(png_encode(deep))
    more = png[png.index(b"IDAT") : -16] + bytes(9)  # more in the chunk than its samples take
    told = struct.pack(">I", len(more) - 4) + more + struct.pack(">I", zlib.crc32(more))
    png = png[: png.index(b"IDAT") - 4] + told + png[-12:]
    return {"packed": bytes(packed), "tagged": tagged, "png": png}


@pytest.mark.parametrize("name", damaged_files())
def test_what_decoders_say_of_a_damaged_file_does_not_reach_stderr(
    name, capfd, caplog, monkeypatch
):
    loggers = [logging.getLogger(library) for library in LOGGERS]
    for logger in loggers:
        monkeypatch.setattr(logger, "disabled", False)  # as another test may have left it
    with suppress(PhotoError):
        decode_photo(damaged_files()[name], name)
    assert capfd.readouterr().err == ""
    assert caplog.records == []  # which Python shows there where nobody has set logging up
    assert [logger.filters for logger in loggers] == [[], []]


def test_filters_that_others_change_meanwhile_are_theirs():
    before = warnings.filters.copy()
    with warnings.catch_warnings():
        with without_remarks():
            warnings.simplefilter("always", ResourceWarning)
        assert warnings.filters == [("always", None, ResourceWarning, None, 0), *before]
    with without_remarks():
        catching = warnings.catch_warnings()  # as another thread may begin
        catching.__enter__()
    catching.__exit__()
    assert warnings.filters == before
