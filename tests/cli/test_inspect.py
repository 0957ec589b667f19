"""What `brushctl inspect` and `list` show to people and to programs."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from brushctl.brushes.file import Brush, write_brush
from brushctl.brushes.graded import Look, Zone
from brushctl.brushes.metadata import (
    GradeScore,
    HeldOut,
    InstructionTraining,
    Training,
    UniquePhrase,
)
from brushctl.grade import Kept
from tests.brushes.makers import graded, plain
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
        "started from",
        "28.7 dB (unedited 20.5; higher is better)",
        "on 2 pairs it did not learn from",
        "3 sites, m = 3, 5 buckets (t = 0, 200, 400, 600, 800, 1000), F16",
        "[bold]kept[/bold]",
        "evening.brush (",
    ):
        assert said in shown
    assert "\x1b" not in shown


def test_inspect_never_says_that_the_phrase_is_what_a_brush_does(shell):
    write_brush(learned(), shell.folder / "evening.brush")
    assert "does" not in shell.text("inspect", "evening.brush").split()
    assert shell.json("inspect", "evening.brush")["brushes"][0]["does"] == []


def test_inspect_says_what_a_grade_does_and_which_parts_there_are(shell):
    zones = [Zone(6.2, 8.1, 0.3), Zone(0.4, 8.9, 0.1), Zone(-4.0, 9.6, 0.2)]
    look = Look(*zones, contrast=0.88, saturation=0.8)
    scores = (GradeScore("untouched", (), 21.6), GradeScore("lattice", ("place",), 37.5))
    held = HeldOut(6, 31.2, 21.6, psnr_grade=30.0, de2000=1.25, de2000_unedited=8.5, megapixels=3.8)
    history = Training(("0" * 64,) * 6, 7, grade=scores, held_out=held)
    brush = graded("film", kept=Kept(black=True))
    metadata = replace(brush.metadata, look=look, training=history)
    write_brush(Brush(metadata, brush.tensors), shell.folder / "film.brush")
    shown = " ".join(shell.text("inspect", "film.brush").split())
    for said in (
        "grade shadows lifted by 6; highlights lowered by 4; 12% less contrast; warmer by 10; "
        "20% less saturation; black stays black",
        "unedited 21.6 dB, lattice + place 37.5 dB",
        "31.2 dB (unedited 21.6, grade alone 30.0; higher is better)",
        "colour difference 1.2 CIEDE2000 (unedited 8.5; lower is better)",
        "on 6 pairs it did not learn from, of 3.8 megapixels",
        "1 lattice (5³)",
    ):
        assert said in shown
    assert "base model" not in shown
    (entry,) = shell.json("inspect", "film.brush")["brushes"]
    assert entry["parts"] == ["grade"]
    assert entry["does"][0] == "shadows lifted by 6"
    SCHEMA.validate(entry["metadata"])


def test_inspect_says_what_a_network_looks_at(shell):
    write_brush(graded("local", groups=("place", "tones")), shell.folder / "local.brush")
    shown = " ".join(shell.text("inspect", "local.brush").split())
    assert "follows each picture's own tones; depends on the place in the frame" in shown
    assert "1 network of width 32" in shown


def test_tensors_draws_the_curves_of_a_grade_and_measures_the_sites_of_an_instruction(shell):
    kept = Kept(nothing_but_greys=True)
    both = graded("both", kept=kept, instruction=plain("both"))
    write_brush(both, shell.folder / "both.brush")
    shown = shell.text("inspect", "both.brush", "--tensors")
    assert "curves of greys, black to white" in shown
    assert "▁" in shown
    assert "mid.attn2" in shown
    (entry,) = shell.json("inspect", "both.brush", "--tensors")["brushes"]
    curves = entry["curves"]
    assert curves["grey"][0] == 0
    assert curves["grey"][-1] == 255
    assert curves["red"] == curves["green"] == curves["blue"]
    assert set(entry["tensors"]) == {"down.0.attn2", "mid.attn2", "up.0.attn2"}
    write_brush(graded("local", groups=("place",)), shell.folder / "local.brush")
    (entry,) = shell.json("inspect", "local.brush", "--tensors")["brushes"]
    assert "curves" not in entry
    assert entry["tensors"] == {}


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
    assert b"not a valid brush name" in out
    assert b"warm" in out
