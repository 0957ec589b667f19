"""Names of files never steer a terminal, by whichever way they get there."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brushctl.cli._output import shown
from brushctl.runs.report import write_report
from tests.photos import makers
from tests.photos.brushes import make_brush

ROOT = Path(__file__).parents[2]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\nforged"
"""Sets a title, clears the screen, reddens (C1), turns the words after it round, forges a line."""
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\nforged"
BYTE = os.fsdecode(b"\xff")
HARMFUL = (b"\x1b]0;", b"\x07", b"\x1b[2J", "\x9b".encode(), "\u202e".encode(), b"\nforged")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With photographs, pairs and a brush whose names are evil or no text."""
    make_brush(tmp_path / "dusk.brush")
    make_brush(tmp_path / f"{EVIL}.brush")
    make_brush(tmp_path / "home/brushes/dusk.brush")
    (tmp_path / f"{EVIL}.brush").with_suffix(".txt").write_text("no picture")
    for side in ("before", "after"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        (tmp_path / f"pairs/{side}/{EVIL}.png").write_bytes(b"no picture")
        Image.effect_noise((64, 64), ord(side[0])).save(tmp_path / f"pairs/{side}/{BYTE}.png")
    (tmp_path / "in").mkdir()
    for name in (f"good{EVIL}.jpg", f"{BYTE}.jpg"):
        makers.write_jpeg(tmp_path / "in" / name, makers.picture())
    (tmp_path / f"in/bad{EVIL}.jpg").write_bytes(b"no picture")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"in/linked{EVIL}").symlink_to("../elsewhere")
    return tmp_path


def seen(folder: Path, *arguments: str, home: str = "home") -> bytes:
    """All that a terminal of 300 columns gets from a run, on both streams."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BRUSHCTL_HOME": str(folder / home),
            "COLUMNS": "300",
            "TERM": "xterm",
            "NO_COLOR": "1",
        }
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.photos.driver", *arguments], environment
        )
    told = b""
    with contextlib.suppress(OSError):  # as the terminal's end is told of
        while piece := os.read(terminal, 4096):
            told += piece
    os.close(terminal)
    os.waitpid(process, 0)
    return told.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        (("apply", "dusk.brush", "in", "-o", "out"), 4),  # passed over; a note, a warning, failed
        (("apply", "dusk.brush", "in", "-o", "out", "--dry-run"), 4),
        (("apply", "dusk.brush", "in", "-o", f"in/{EVIL}"), 1),
        (("apply", "dusk.brush", f"{EVIL}.jpg", "-o", "out"), 1),
        (("apply", "dusk.brush", f"{EVIL}.brush", "-o", "out.jpg"), 1),
        (("apply", "dusk.brush", f"-{EVIL}.jpg", "-o", "out"), 0),  # as the options -\x1b, -] ...
        (("apply", f"{EVIL}.brush", f"{EVIL}.jpg", "-o", "out"), 1),
        (("apply", f"no{EVIL}", "in", "-o", "out"), 1),
        (("learn", "pairs", "--check-only"), 3),
        (("learn", "pairs", "-o", "new"), 1),
        (("learn", f"{EVIL}.json", "-o", "new"), 1),
        (("learn", "pairs", "-o", f"{EVIL}.brush"), 1),
        (("verify", f"{EVIL}.brush", f"{EVIL}.txt"), 2),
        (("inspect", f"{EVIL}.brush"), 1),
        (("inspect", f"{EVIL}.txt"), 1),
        (("import", f"{EVIL}.brush"), 1),
        (("import", f"{EVIL}.brush", "--name", "new"), 0),
        (("export", "dusk", f"copy{EVIL}.brush"), 1),
        (("label", f"{EVIL}.brush", "--title", "dusk"), 1),
        (("label", "dusk", "--preview", f"{EVIL}.png", f"{EVIL}.png"), 1),
        (("mix", f"{EVIL}.brush", "dusk.brush", "-o", f"new{EVIL}.brush"), 1),
        (("--debug", "verify", f"{EVIL}.txt"), 1),
    ],
)
def test_a_terminal_is_shown_names_and_not_steered_by_them(folder, arguments, times):
    told = seen(folder, *arguments)
    assert b"report it" not in told
    assert b"UnicodeEncodeError" not in told
    for harm in HARMFUL:
        assert harm not in told, told
    assert told.count(rb"\x1b]0;owned") >= times, told


def test_a_home_of_brushes_is_shown_likewise(folder):
    (folder / "home").rename(folder / f"home{EVIL}")
    for command in (
        ("list",),
        ("list", "--path"),
        ("doctor",),
        ("rm", "nosuch"),
        ("rm", "-f", "dusk"),
    ):
        told = seen(folder, *command, home=f"home{EVIL}")
        assert not any(harm in told for harm in HARMFUL), told
        assert SHOWN.encode() in told or command == ("rm", "nosuch"), told


def run(folder: Path, *arguments: str) -> tuple[bytes, bytes]:
    """What goes into two pipes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.photos.driver", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BRUSHCTL_HOME": str(folder / "home")},
        capture_output=True,
        check=False,
    )
    return done.stdout, done.stderr


def test_a_log_has_no_line_that_a_name_has_forged(folder):
    _, err = run(folder, "apply", "dusk.brush", "in", "-o", "out")
    assert not any(harm in err for harm in HARMFUL)
    assert f"failed: in/bad{SHOWN}.jpg".encode() in err


def test_data_in_a_pipe_has_names_as_they_are(folder):
    plan, _ = run(folder, "apply", "dusk.brush", "in", "-o", "out", "--dry-run")
    for name in (f"good{EVIL}.jpg", f"{BYTE}.jpg"):
        line = f"edit  in/{name} -> out/{name}\n"
        assert os.fsencode(line) in plan
    told, _ = run(folder, "verify", f"{EVIL}.brush")
    assert told == os.fsencode(f"{EVIL}.brush\twhole\n")


def test_json_has_names_escaped_and_whole(folder):
    told, _ = run(folder, "verify", f"{EVIL}.brush", "--json")
    assert told.isascii()
    assert json.loads(told)["whole"] == [f"{EVIL}.brush"]


def test_a_report_has_names_as_text_and_not_as_markup(tmp_path):
    from brushctl.runs.plan import Job
    from brushctl.runs.records import Fault, Record, Source

    name = f"<b>{BYTE}.jpg"
    job = Job(str(tmp_path / name), str(tmp_path / "out" / name), name)
    record = Record(name, "failed", {}, Source(), error=Fault("photo", "<i>"))
    write_report(tmp_path / "page.html", [job], {name: record}, title=f"<u>{BYTE}")
    page = (tmp_path / "page.html").read_text()
    for markup in ("<b>?", "<i>", "<u>"):
        assert markup not in page


@given(st.text())
def test_what_is_shown_is_one_line_without_control_characters(text):
    told = shown(text)
    assert told.splitlines() in ([told], [])
    told.encode()  # there are no surrogates
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in told)
    assert told == shown(told)


def test_names_in_the_scripts_of_the_world_are_shown_as_they_are():
    for name in ("été.jpg", "写真.png", "صورة\u200f.jpg", "👩\u200d🔬.png", r"C:\new\x1b", "[red]"):
        assert shown(name) == name
    assert shown(f"a\tb{BYTE}\x7f\u2028\ud800") == r"a\tb\xff\x7f\u2028\ud800"
