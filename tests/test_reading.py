"""What is read has an end, and is no larger than its reader says."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brushctl.reading import PIECE, open_file, read_file, read_stream


class Endless(io.RawIOBase):
    """A stream that always has more, and remembers how much it gave."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        """As many bytes as are asked for; for all, it has no answer."""
        assert size >= 0
        self.given += size
        return b"x" * size


def test_a_file_is_read_whole_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    (tmp_path / "b").symlink_to("a")
    assert read_file(tmp_path / "b", 3_000_000) == b"abc" * 1_000_000


def test_of_a_file_over_the_limit_not_a_byte_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)  # more than any machine has memory for
    with pytest.raises(OSError, match="more than 1,000 bytes"):
        read_file(tmp_path / "sparse", 1000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("read", [open_file, lambda path: read_file(path, 1000)])
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe, not a regular file"):
        read(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_a_device_is_refused() -> None:
    with pytest.raises(OSError, match="a device, not a regular file"):
        read_file(Path("/dev/zero"), 1000)


def test_a_folder_is_one_and_what_is_missing_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, 1000)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 1000)


def test_a_stream_without_an_end_is_left_at_the_limit() -> None:
    stream = Endless()
    with pytest.raises(OSError, match="which is the limit"):
        read_stream(stream, 3 * PIECE)  # type: ignore[arg-type]
    assert stream.given == 4 * PIECE


def test_a_stream_whose_beginning_is_refused_is_read_no_further() -> None:
    def refuse(first: bytes) -> None:
        raise ValueError(len(first))

    stream = Endless()
    with pytest.raises(ValueError, match=str(PIECE)):
        read_stream(stream, 2**40, refuse)  # type: ignore[arg-type]
    assert stream.given == PIECE


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1])
def test_a_stream_is_read_to_its_end_and_its_beginning_is_shown_once(length: int) -> None:
    shown: list[bytes] = []
    whole = bytes(length)
    assert read_stream(io.BytesIO(whole), length, shown.append) == whole
    assert b"".join(shown) == whole[:PIECE]
    assert len(shown) == min(length, 1)
