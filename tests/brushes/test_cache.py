"""The brush cache: names that are no paths, and whole files whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brushctl.brushes import cache
from brushctl.brushes.file import encode_brush, read_brush
from brushctl.errors import BrushNotFoundError, NameInvalidError, NameTakenError
from tests.brushes import makers

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


NO_NAMES = (
    *("", ".", "..", ".hidden", "a/b", "a\\b", "../up", "a\0b", "a b", "-o", "x" * 101, "a:b", "ü"),
    *("CON", "nul", "com1", "Aux.old", "x.brush", "a\n"),
)


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_could_be_a_path_or_no_file_name_is_no_name(name):
    with pytest.raises(NameInvalidError):
        cache.path_of(name)


@pytest.mark.parametrize("name", ["a", "warm-2", "A_b.c+d", "9", "con2", "x" * 100])
def test_plain_names_are_names(name):
    assert cache.path_of(name).name == f"{name}.brush"


def test_a_name_means_the_cache_and_a_path_means_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = encode_brush(makers.plain())
    cached = cache.store(data, "warm", overwrite=False)
    beside = cache.store(data, "./warm.brush", overwrite=False)
    assert cache.find("warm") == cached
    assert cache.find("warm.brush") == beside == Path("warm.brush")
    assert cache.names() == ["warm"]


def test_a_missing_brush_is_named_with_one_that_is_like_it():
    cache.store(encode_brush(makers.plain()), "sepia", overwrite=False)
    with pytest.raises(BrushNotFoundError, match=r"Did you mean sepia\?"):
        cache.find("sepai")
    with pytest.raises(BrushNotFoundError):
        cache.find("nowhere/x.brush")


def test_a_taken_name_is_kept_unless_overwriting_is_asked_for():
    old, new = (encode_brush(makers.plain(seed=seed)) for seed in (1, 2))
    path = cache.store(old, "warm", overwrite=False)
    with pytest.raises(NameTakenError):
        cache.store(new, "warm", overwrite=False)
    assert path.read_bytes() == old
    cache.store(new, "warm", overwrite=True)
    assert path.read_bytes() == new


def test_renaming_moves_the_file_as_it_is_and_keeps_what_is_there(home):
    data = encode_brush(makers.plain())
    cache.store(data, "warm", overwrite=False)
    cache.store(b"other", "cold", overwrite=False)
    with pytest.raises(NameTakenError):
        cache.rename("warm", "cold", overwrite=False)
    assert cache.find("cold").read_bytes() == b"other"
    cache.rename("warm", "hot", overwrite=False)
    assert cache.names() == ["cold", "hot"]
    cache.rename("hot", "cold", overwrite=True)
    assert cache.find("cold").read_bytes() == data
    assert [p.name for p in (home / "brushes").iterdir()] == ["cold.brush"]


def test_names_that_nobody_could_have_stored_are_not_listed(home):
    cache.store(encode_brush(makers.plain()), "warm", overwrite=False)
    strays = (".warm.brush.x.part", ".hidden.brush", "two words.brush", "notes.txt")
    for stray in (*strays, "look.brush.brush", "con.brush"):
        (home / "brushes" / stray).touch()
    assert cache.names() == ["warm"]


def test_without_hard_links_a_taken_name_is_still_kept(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    data = encode_brush(makers.plain())
    cache.store(data, "warm", overwrite=False)
    cache.rename("warm", "hot", overwrite=False)
    with pytest.raises(NameTakenError):
        cache.store(b"other", "hot", overwrite=False)
    assert cache.find("hot").read_bytes() == data


WRITER = """
import sys
from brushctl.brushes.cache import store
from brushctl.brushes.file import encode_brush
from brushctl.errors import NameTakenError
from tests.brushes.makers import plain

seed, overwrite = int(sys.argv[1]), sys.argv[2] == "over"
data = encode_brush(plain(seed=seed, d=2000))
print("ready", flush=True)
sys.stdin.readline()
while True:
    try:
        store(data, "warm", overwrite=overwrite)
    except NameTakenError:
        sys.exit(3)
    if not overwrite:
        sys.exit(0)
"""


def writer(seed: int, mode: str) -> subprocess.Popen[str]:
    """A process that waits for a line, then stores a brush once, or again and again."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(seed), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def start(process: subprocess.Popen[str]) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_two_processes_that_write_one_name_one_wins_and_its_brush_is_whole():
    pair = [writer(seed, "once") for seed in (1, 2)]
    for process in pair:
        assert process.stdout.readline() == "ready\n"
    for process in pair:
        start(process)
    assert sorted(process.wait(60) for process in pair) == [0, 3]
    assert read_brush(cache.find("warm")).metadata.name == "warm"


def test_killed_at_any_moment_a_writer_leaves_the_old_file_or_the_new_one(home):
    whole = {encode_brush(makers.plain(seed=seed, d=2000)) for seed in (1, 2)}
    for round_, seed in enumerate((1, 2, 1, 2)):
        process = writer(seed, "over")
        assert process.stdout.readline() == "ready\n"
        start(process)
        while not (home / "brushes/warm.brush").exists():
            time.sleep(0.001)
        time.sleep(0.013 * round_ + 0.004)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert cache.find("warm").read_bytes() in whole
    assert cache.names() == ["warm"]


@pytest.mark.parametrize("name", ["x.jpg", "x.safetensors", "x.cube"])
def test_a_name_with_the_suffix_of_another_kind_of_file_is_refused(name):
    with pytest.raises(NameInvalidError, match="suffix of another kind of file"):
        cache.destination(name, overwrite=False)
