"""What `brushctl inspect` and `list` show to people and to programs."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from brushctl.brushes.file import Brush, write_brush
from brushctl.brushes.metadata import HeldOut, InstructionTraining, Training, UniquePhrase
from tests.brushes.makers import plain
from tests.brushes.test_vectors import SCHEMA, VECTORS
from tests.cli.shell import Shell, shell_with_brushes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


def learned() -> Brush:
    """A brush with everything that inspect can say."""
    brush = plain("evening", phrase="turn a gray day into a warm evening")
    instruction = replace(brush.metadata.instruction, after=UniquePhrase("a warm evening", 0.3))
    how = InstructionTraining("paper", 1000, 1, 0.001, (0.2,) * 5, (0.02,) * 5)
    history = Training(("0" * 64,) * 6, 7, how, held_out=HeldOut(2, 28.7, 20.5))
    metadata = replace(
        brush.metadata, instruction=instruction, training=history, note="[bold]kept[/bold]\nas is"
    )
    return Brush(metadata, brush.tensors)


def test_inspect_answers_what_on_which_base_how_well_and_from_how_many_pairs(shell):
    write_brush(learned(), shell.folder / "evening.brush")
    shown = shell.text("inspect", "evening.brush")
    for said in (
        "turn a gray day into a warm evening",
        "a warm evening +0.300",
        "base-0 (U-Net 000000000000)",
        "6 pairs",
        "28.7 dB on 2 pairs",
        "unedited 20.5",
        "3 sites, m = 3, 5 buckets (t = 0, 200, 400, 600, 800, 1000), F16",
        "[bold]kept[/bold]",
        "evening.brush (",
    ):
        assert said in shown
    assert "\x1b" not in shown


def test_inspect_shows_the_lineage_as_a_tree(shell):
    shell.run("mix", "warm:0.7", "grain:0.3", "-o", "both")
    shell.run("mix", "both", "warm", "-o", "more", "--method", "stack")
    tree = [line[14:] for line in shell.text("inspect", "more").splitlines()]
    branches = [line for line in tree if line.startswith(("├─", "└─", "│  ", "   "))]
    assert len(branches) == 4
    assert any(line.startswith(("├─ 1 x both", "└─ 1 x both")) for line in branches)
    assert any("0.3 x grain" in line for line in branches)


def in_a_terminal(shell: Shell, *arguments: str, **environment: str) -> str:
    """What brushctl shows in a terminal of 24-bit colour."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "brushctl", *arguments],
        stdout=theirs,
        cwd=ROOT,
        env={**os.environ, "COLORTERM": "truecolor", "BRUSHCTL_HOME": str(shell.folder / "home")}
        | environment,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 2**16):
            shown += piece
    except OSError:  # how Linux says that the other side has closed
        pass
    assert process.wait() == 0
    os.close(ours)
    return shown.decode()


def test_inspect_shows_a_preview_where_the_terminal_can(shell):
    shown = in_a_terminal(shell, "inspect", "formats/vectors/valid/full.brush")
    assert shown.count("▀") == 64 * 16  # twice as wide as high
    plain_text = in_a_terminal(shell, "inspect", "formats/vectors/valid/full.brush", NO_COLOR="1")
    assert "\x1b" not in plain_text


def test_a_damaged_preview_is_said_to_be_damaged(shell):
    brush = plain("odd")
    metadata = replace(brush.metadata, preview="data:image/png;base64,AAAA")
    write_brush(Brush(metadata, brush.tensors), shell.folder / "odd.brush")
    shown = in_a_terminal(shell, "inspect", str(shell.folder / "odd.brush"))
    assert "(the preview is damaged)" in shown


def test_list_is_a_table_in_a_terminal(shell):
    (shell.folder / "home/brushes/bad.brush").write_bytes(b"bad")
    shown = in_a_terminal(shell, "list")
    assert "base model" in shown
    assert "damaged" in shown


def test_inspect_prints_documents_that_the_schema_accepts(shell):
    report = shell.json("inspect", "warm", str(VECTORS / "valid/full.brush"))
    for entry in report["brushes"]:
        SCHEMA.validate(entry["metadata"])
    assert report["brushes"][0]["source"] == str(shell.folder / "home/brushes/warm.brush")
    assert report["brushes"][1]["bytes"] == (VECTORS / "valid/full.brush").stat().st_size


def test_inspect_shows_the_good_ones_and_fails_for_the_bad_one(shell):
    out, message = shell.run("inspect", "warm", "nothing", "grain", status=5)
    assert out.count(b"base model") == 2
    assert "nothing" in message
    entries = shell.json("inspect", "warm", "nothing", status=5)["brushes"]
    assert entries[1]["error"]["code"] == "brush-not-found"


def test_inspect_reads_a_pipe(shell):
    data = (VECTORS / "valid/full.brush").read_bytes()
    assert b"evening" in shell.run("inspect", "-", data=data)[0]
    out, _ = shell.run("inspect", "-", "--tensors", "--json", data=data)
    sites = json.loads(out)["brushes"][0]["tensors"]
    assert sites["up.0.attn2"]["width"] == 4
    assert sites["up.0.attn2"]["v_max"] == 5.75


def test_inspect_reads_only_the_header_of_a_pipe(shell):
    data = (VECTORS / "valid/full.brush").read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    entry = json.loads(shell.run("inspect", "-", "--json", data=data[:header])[0])["brushes"][0]
    assert entry["bytes"] == len(data)


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_what_can_be_no_name_hides_none_of_the_others(shell, command):
    out, _ = shell.run(command, "a b", "warm", "--json", status=5)
    assert b"is no brush name" in out
    assert b"warm" in out
