"""list, rm, rename, export, import, verify, inspect and mix, through the real command line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from brushctl.brushes.file import Brush, encode_brush, read_brush, write_brush
from brushctl.brushes.metadata import HeldOut, Training, UniquePhrase
from tests.brushes.makers import plain
from tests.cli.shell import Shell

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "formats/vectors"
SCHEMA = Draft202012Validator(json.loads((ROOT / "formats/brush-1.schema.json").read_text()))


@pytest.fixture
def shell(tmp_path, capfdbinary):
    shell = Shell(tmp_path, capfdbinary)
    for seed, name in enumerate(("warm", "grain")):
        write_brush(plain(name, seed=seed), tmp_path / f"home/brushes/{name}.brush")
    return shell


def brush_of(shell: Shell, name: str) -> Brush:
    return read_brush(shell.folder / f"home/brushes/{name}.brush")


def test_list_prints_names_alone_where_nobody_watches(shell):
    assert shell.text("list") == "grain\nwarm\n"


def test_list_says_where_the_cache_is(shell):
    assert shell.text("list", "--path") == f"{shell.folder / 'home/brushes'}\n"


def test_list_names_damaged_brushes_and_goes_on(shell):
    (shell.folder / "home/brushes/bad.brush").write_bytes(b"bad")
    listed = shell.json("list")["brushes"]
    assert [entry["name"] for entry in listed] == ["bad", "grain", "warm"]
    assert listed[0]["error"]["code"] == "brush-truncated"
    SCHEMA.validate(listed[1]["metadata"])


def test_rm_deletes_all_it_is_given_or_nothing(shell):
    shell.run("rm", "warm", "nothing", status=5)
    assert shell.cached() == ["grain.brush", "warm.brush"]
    shell.run("rm", "warm", "warm", "grain")
    assert shell.cached() == []


@pytest.mark.parametrize("name", ["../warm", "home/brushes/warm.brush", "", ".."])
def test_rm_and_rename_take_no_paths(shell, name):
    shell.run("rm", name, status=2)
    shell.run("rename", "warm", name, status=2)
    assert shell.cached() == ["grain.brush", "warm.brush"]


def test_rename_asks_before_it_replaces(shell):
    _, message = shell.run("rename", "warm", "grain", status=2)
    assert "--overwrite" in message
    warm = brush_of(shell, "warm")
    shell.run("rename", "warm", "grain", "--overwrite")
    assert shell.cached() == ["grain.brush"]
    assert brush_of(shell, "grain").metadata == warm.metadata


def test_export_and_import_carry_a_brush_byte_for_byte(shell):
    data = (shell.folder / "home/brushes/warm.brush").read_bytes()
    shell.run("export", "warm")
    assert (shell.folder / "warm.brush").read_bytes() == data
    shell.run("export", "warm", status=2)
    shell.run("export", "warm", "copy.brush")
    out, _ = shell.run("export", "warm", "-")
    assert out == data
    shell.run("import", "copy.brush")
    shell.run("import", "-", "--name", "piped", data=data)
    assert shell.cached() == ["copy.brush", "grain.brush", "piped.brush", "warm.brush"]
    assert (shell.folder / "home/brushes/piped.brush").read_bytes() == data


def test_a_brush_from_stdin_goes_by_the_name_inside_it(shell):
    shell.run("rm", "warm")
    shell.run("import", "-", data=encode_brush(plain("warm")))
    assert "warm.brush" in shell.cached()
    shell.run("import", "-", data=encode_brush(plain("My look / 2")), status=2)


def test_import_keeps_unknown_fields_and_foreign_bytes(shell):
    data = (VECTORS / "valid/loose.brush").read_bytes()
    shell.run("import", str(VECTORS / "valid/loose.brush"))
    assert (shell.folder / "home/brushes/loose.brush").read_bytes() == data


@pytest.mark.parametrize(
    "path", sorted((VECTORS / "invalid").glob("*.brush")), ids=lambda path: path.stem
)
def test_nothing_invalid_is_imported(shell, path):
    expected = json.loads((VECTORS / "manifest.json").read_text())["invalid"][path.name]
    error = shell.json("import", str(path), "--name", "x", status=5)["error"]
    assert error["code"] == expected["error"]
    assert error["where"].startswith(str(path))
    assert shell.cached() == ["grain.brush", "warm.brush"]


def test_import_asks_before_it_replaces(shell):
    shell.run("export", "grain", "warm.brush")
    shell.run("import", "warm.brush", status=2)
    assert brush_of(shell, "warm").metadata.name == "warm"
    shell.run("import", "warm.brush", "--overwrite")
    assert brush_of(shell, "warm").metadata.name == "grain"


def test_verify_names_what_is_damaged(shell):
    assert shell.text("verify") == "grain\twhole\nwarm\twhole\n"
    path = shell.folder / "home/brushes/warm.brush"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    out, message = shell.run("verify", status=5)
    assert out == b"grain\twhole\nwarm\tdamaged\n"
    assert "warm.brush" in message
    report = shell.json("verify", status=5)
    assert report["whole"] == ["grain"]
    assert report["damaged"][0]["error"]["code"] == "brush-content-hash"
    shell.run("verify", "grain")


def learned() -> Brush:
    """A brush with everything that inspect can say."""
    brush = plain("evening", phrase="turn a gray day into a warm evening")
    instruction = replace(brush.metadata.instruction, after=UniquePhrase("a warm evening", 0.3))
    history = Training(
        "paper", 1000, 1, 0.001, 7, (0.2,) * 5, (0.02,) * 5, ("0" * 64,) * 6, HeldOut(2, 28.7, 20.5)
    )
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


@pytest.mark.parametrize(
    ("arguments", "method", "weights"),
    [
        (("warm:0.7", "grain:0.3"), "blend", {"warm": 0.7, "grain": 0.3}),
        (("warm", "grain"), "blend", {"warm": 0.5, "grain": 0.5}),
        (("warm:1.5", "grain:-0.5"), "blend", {"warm": 1.5, "grain": -0.5}),
        (("--method", "stack", "warm:0.8", "grain"), "stack", {"warm": 0.8, "grain": 1}),
        (("--coarse", "warm", "--fine", "grain"), "schedule", {"warm": 0.6, "grain": 0.4}),
        (("warm@0", "grain@1-4"), "schedule", {"warm": 0.2, "grain": 0.8}),
    ],
)
def test_mix_makes_a_brush_that_says_what_it_was_made_of(shell, arguments, method, weights):
    report = shell.json("mix", *arguments, "-o", "new")
    assert report["path"] == str(shell.folder / "home/brushes/new.brush")
    lineage = brush_of(shell, "new").metadata.lineage
    assert lineage.method == method
    assert {p.name: p.weight for p in lineage.parents} == weights
    assert report["metadata"] == brush_of(shell, "new").metadata.to_dict()


def test_mix_writes_a_file_where_the_output_is_a_path(shell):
    shell.run("mix", "warm", "grain", "-o", "sub/new.brush")
    assert (shell.folder / "sub/new.brush").is_file()
    shell.run("mix", "sub/new.brush:0.5", "home/brushes/warm.brush:0.5", "-o", "again")
    assert "again.brush" in shell.cached()


def test_mix_writes_the_same_bytes_again(shell):
    shell.run("mix", "warm:0.7", "grain:0.3", "-o", "x.brush")
    shell.run("mix", "grain:0.3", "warm:0.7", "-o", "sub/x.brush")
    written = [(shell.folder / name).read_bytes() for name in ("x.brush", "sub/x.brush")]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("warm",),
        (),
        ("warm:much", "grain"),
        ("warm:nan", "grain"),
        ("warm:1", "grain:-1"),
        ("--method", "stack", "warm:1", "grain:-1"),
        ("--coarse", "warm"),
        ("--coarse", "warm", "--fine", "grain", "warm"),
        ("warm@0-2", "grain@2-4"),
        ("warm@0-1", "grain@3-4"),
        ("warm@0-3",),
        ("warm@0-9",),
        ("warm@3-1", "grain@0"),
        ("warm@0-2", "grain"),
        ("warm@0-2", "grain@3-4", "--method", "stack"),
    ],
)
def test_a_mix_that_means_nothing_is_a_usage_error_and_writes_nothing(shell, arguments):
    shell.run("mix", *arguments, "-o", "new", status=2)
    assert shell.cached() == ["grain.brush", "warm.brush"]


def test_a_mix_does_not_replace_a_brush_unasked(shell):
    shell.run("mix", "warm", "grain", "-o", "warm", status=2)
    shell.run("mix", "warm", "grain", "-o", "warm", "--overwrite")
    assert brush_of(shell, "warm").metadata.lineage is not None


def test_brushes_of_different_bases_end_with_status_5_and_both_names(shell):
    write_brush(plain("odd", unet="f"), shell.folder / "odd.brush")
    _, message = shell.run("mix", "warm", "odd.brush", "-o", "new", status=5)
    assert "base-0" in message
    assert "base-f" in message


def run_python(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        (["inspect", "warm"], ("numpy", "torch", "PIL", "rich")),
        (["inspect", "warm", "--json"], ("numpy", "torch", "PIL", "rich")),
        (["inspect", "warm", "--tensors"], ("torch", "PIL")),
        (["list"], ("numpy", "torch", "PIL")),
        (["list", "--json"], ("numpy", "torch", "PIL")),
        (["rm", "grain"], ("numpy", "torch", "PIL")),
        (["mix", "warm", "grain", "-o", "new"], ("torch", "diffusers", "transformers", "PIL")),
    ],
    ids=" ".join,
)
def test_no_command_loads_more_than_it_needs(shell, arguments, unloaded):
    program = f"""
import sys
from brushctl.cli.app import main
sys.argv = ["brushctl", *{arguments!r}]
try:
    main()
except SystemExit as ended:
    print(ended.code or 0, [m for m in {unloaded!r} if m in sys.modules], file=sys.stderr)
"""
    assert run_python(program, BRUSHCTL_HOME=str(shell.folder / "home")) == "0 []"


@pytest.mark.parametrize("command", ["inspect", "mix", "rm", "export", "verify", "apply", "rename"])
def test_the_shell_completes_brush_names(shell, command):
    program = f"""
import os, sys
os.environ.update(
    _BRUSHCTL_COMPLETE="complete_bash", COMP_WORDS="brushctl {command} wa", COMP_CWORD="2"
)
sys.argv = ["brushctl"]
from brushctl.cli.app import main
try:
    main()
except SystemExit:
    pass
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BRUSHCTL_HOME": str(shell.folder / "home")},
    )
    assert done.stdout.split() == ["warm"]
