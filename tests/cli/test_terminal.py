"""What commands do where somebody sits at a terminal, of whatever width."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from brushctl.brushes.checkpoint import Checkpoint, fold_path
from brushctl.brushes.file import sealed, write_brush
from brushctl.cli._output import broken_at_words
from brushctl.cli._progress import _Bars
from brushctl.events import Advance, Stage
from tests.brushes.makers import graded
from tests.cli.shell import Shell, shell_with_brushes
from tests.cli.terminal import seen
from tests.photos import makers
from tests.photos.brushes import make_brush

DRIVER = "tests.photos.driver"
CONTROL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
"""What moves the cursor and colours letters (ECMA-48)."""


@pytest.fixture
def shell(tmp_path, capfdbinary) -> Shell:
    return shell_with_brushes(tmp_path, capfdbinary)


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "dusk.brush", "in/0.jpg", "-o", "-"),
        ("apply", "dusk.brush", "-"),
        ("export", "warm", "-"),
        ("import", "-", "--name", "new"),
        ("inspect", "-"),
    ],
    ids=" ".join,
)
def test_no_file_goes_into_a_terminal_or_is_typed_at_one(shell, arguments):
    make_brush(shell.folder / "dusk.brush")
    (shell.folder / "in").mkdir()
    makers.write_jpeg(shell.folder / "in/0.jpg", makers.picture())
    told, status = seen(shell.folder, *arguments, program=DRIVER)
    assert status in (2, 5)
    assert "is a terminal" in " ".join(told.split())
    assert CONTROL.sub("", told).replace("\n", "").isprintable()


@pytest.mark.parametrize("columns", [30, 40, 80, 120])
def test_a_message_is_broken_at_words_and_a_failure_is_told_once(shell, columns):
    make_brush(shell.folder / "dusk.brush")
    (shell.folder / "in").mkdir()
    for name in ("good.jpg", "broken.jpg"):
        makers.write_jpeg(shell.folder / "in" / name, makers.picture())
    (shell.folder / "in/broken.jpg").write_bytes(b"no photograph")
    told, status = seen(
        shell.folder, "apply", "dusk.brush", "in", "-o", "out", columns=columns, program=DRIVER
    )
    assert status == 3
    told = CONTROL.sub("", told[told.index("failed:") :])
    words = " ".join(told.split())
    assert words.count("broken.jpg: ") == 1
    assert "failed: in/broken.jpg: this is not a photograph that brushctl can read." in words
    lines = [line.rpartition("\r")[2] for line in told.splitlines()]
    assert [line for line in lines if len(line) > columns] == []


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", ["list", "doctor"])
def test_no_line_of_a_table_has_spaces_at_its_end_or_is_too_wide(shell, command, columns):
    for name in ("dusk", "a-long-name-of-a-brush"):
        write_brush(sealed(graded(name)), shell.folder / f"home/brushes/{name}.brush")
    told, _ = seen(shell.folder, command, columns=columns)
    lines = [line.rstrip("\r\n") for line in CONTROL.sub("", told).split("\n")]
    assert len(lines) > 3
    assert [line for line in lines if line.endswith(" ")] == []
    assert [line for line in lines if len(line) > columns and " " in line.strip()] == []


@given(st.lists(st.text("abc 写", min_size=1).map(str.strip).filter(bool)), st.integers(1, 60))
def test_broken_lines_have_the_words_of_the_line_and_only_a_word_is_wider(words, columns):
    line = " ".join(words)
    lines = broken_at_words(line, columns)
    assert " ".join(lines).split() == line.split()
    assert all(cell_len(each) <= columns or len(each.split()) == 1 for each in lines)


def test_rm_asks_a_terminal_and_nobody_else(shell):
    told, status = seen(shell.folder, "rm", "warm", "grain", keys=b"n\n")
    assert "delete warm, grain? [y/N]" in told
    assert "nothing is deleted" in told
    assert status == 0
    assert shell.cached() == ["grain.brush", "warm.brush"]
    seen(shell.folder, "rm", "warm", keys=b"y\n")
    assert shell.cached() == ["grain.brush"]
    told, _ = seen(shell.folder, "rm", "grain", "-f")
    assert "?" not in told
    assert shell.cached() == []


def test_list_and_rm_see_learning_that_is_not_finished(shell):
    folder = shell.folder / "home/brushes"
    for target in (folder / "dusk.brush", fold_path(folder / "dawn.brush", 2)):
        Checkpoint(target, "run", "2024-01-01").save(b"state")
    assert shell.json("list")["unfinished"] == ["dawn", "dusk"]
    assert shell.text("list") == "grain\nwarm\n"  # which other commands can take
    told, _ = seen(shell.folder, "list")
    assert "dawn   unfinished" in told
    assert "2 brushes and 2 unfinished" in " ".join(told.split())
    shell.run("rm", "dawn", "dusk", "warm")
    assert shell.cached() == ["grain.brush"]
    assert shell.json("list")["unfinished"] == []


def bars(*events: Advance | Stage, verbose: bool = False, width: int = 80) -> str:
    """What is left on a terminal of the bars of some events."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    shown = _Bars(console, verbose=verbose)
    for event in events:
        shown(event)
    shown.finish()
    shown.leave()
    return [line for line in CONTROL.sub("", file.getvalue()).splitlines() if line.strip()][-1]


def test_a_stage_of_unknown_length_ends_with_what_was_done():
    assert "6/6" in bars(Stage("reading pairs"), *(Advance(n + 1) for n in range(6)))
    assert "/" not in bars(Stage("fitting colours"))


@pytest.mark.parametrize("width", [40, 80])
def test_the_first_figure_is_one_to_read_and_losses_are_for_whoever_asks(width):
    event = Advance(40, "27.3 dB held out (21.6 without it)", "loss 0.021")
    line = bars(Stage("learning", 40), event, width=width)
    assert "27.3 dB" in line
    assert "loss" not in line
    assert "loss 0.021" in bars(Stage("learning", 40), event, verbose=True, width=120)
