"""Input that has no end, or nobody at its other end, ends no run and hangs none."""

import itertools
import os

import pytest

from brushctl.brushes.file import encode_brush
from brushctl.brushes.header import HEADER_CAP
from brushctl.photos import source
from brushctl.runs import inputs
from tests.brushes.makers import plain
from tests.cli.shell import shell_with_brushes

PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@PIPES
@pytest.mark.parametrize("where", [("-o", "out"), ("--in-place",)])
def test_a_pipe_among_photographs_is_one_failed_file_in_each_run(apply_shell, where):
    apply_shell.photographs(1)
    os.mkfifo(apply_shell.folder / "in/pipe.jpg")
    for done in (1, 0):
        _, err = apply_shell.run("dusk.brush", "in/0.jpg", "in/pipe.jpg", *where, status=3)
        assert "pipe.jpg: it is a pipe, not a regular file" in err
        assert f"{done} done" in err


@PIPES
def test_a_photograph_that_becomes_a_pipe_during_a_run_is_one_failed_file(
    apply_shell,
    monkeypatch,
):
    first, second = apply_shell.photographs(2)
    sized = itertools.count()

    def replaced(path):
        if next(sized) == 1:
            second.unlink()
            os.mkfifo(second)
        return source.megapixels_of(path)

    monkeypatch.setattr("brushctl.runs.work.megapixels_of", replaced)
    _, err = apply_shell.run("dusk.brush", str(first), str(second), "-o", "out", status=3)
    assert "1.jpg: it is a pipe, not a regular file" in err
    assert apply_shell.files() == ["0.jpg"]


def test_a_device_named_as_a_photograph_fails(apply_shell):
    _, err = apply_shell.run("dusk.brush", "/dev/null", "-o", "out.jpg", status=4)
    assert "it is a device, not a regular file" in err


def test_a_stream_that_begins_like_no_photograph_is_refused_before_it_is_long(
    apply_shell, monkeypatch
):
    monkeypatch.setattr(source, "BYTES", 30)
    _, err = apply_shell.run("dusk.brush", "-", data=b"no photograph" * 9, status=4)
    assert "this is not a photograph that brushctl can read" in err


def test_a_stream_over_the_limit_fails(apply_shell, monkeypatch):
    monkeypatch.setattr(source, "BYTES", 1000)
    data = apply_shell.photographs(1)[0].read_bytes()
    _, err = apply_shell.run("dusk.brush", "-", data=data, status=4)
    assert "it has more than 1,000 bytes, which is the limit" in err


def test_a_list_over_the_limit_is_refused(apply_shell, monkeypatch):
    monkeypatch.setattr(inputs, "LIST", 10)
    (apply_shell.folder / "names").write_bytes(b"y\n" * 9)
    for named in ("names", "-"):
        arguments = ("dusk.brush", "--files-from", named, "-o", "out")
        _, err = apply_shell.run(*arguments, data=b"y\n" * 9, status=2)
        assert "the list cannot be read (it has more than 10 bytes, which is the limit)" in err


def test_of_a_brush_no_more_is_read_than_it_has(tmp_path, capfdbinary):
    imports, brush = shell_with_brushes(tmp_path, capfdbinary), encode_brush(plain())
    imports.run("import", "-", "--name", "whole", data=brush)
    for data, told in (
        (brush + bytes(9), "has 9 bytes after the last tensor"),
        (brush + bytes(HEADER_CAP + 9), f"has more than its {len(brush)} bytes"),
        (bytes(len(brush) + 9), "must begin with {"),
    ):
        _, err = imports.run("import", "-", "--name", "more", data=data, status=5)
        assert told in err
        (tmp_path / "more.brush").write_bytes(data)
        _, err = imports.run("import", "more.brush", status=5)
        assert told in err
    assert imports.cached() == ["grain.brush", "warm.brush", "whole.brush"]
