"""`brushctl mix`, through the real command line."""

import pytest

from brushctl.brushes.file import write_brush
from tests.brushes.makers import plain
from tests.cli.shell import shell_with_brushes


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


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
    lineage = shell.brush("new").metadata.lineage
    assert lineage.method == method
    assert {p.name: p.weight for p in lineage.parents} == weights
    assert report["metadata"] == shell.brush("new").metadata.to_dict()


def test_mix_writes_a_file_where_the_output_is_a_path(shell):
    shell.run("mix", "warm", "grain", "-o", "sub/new.brush")
    assert (shell.folder / "sub/new.brush").is_file()
    shell.run("mix", "sub/new.brush:0.5", "home/brushes/warm.brush:0.5", "-o", "again")
    assert "again.brush" in shell.cached()


@pytest.mark.parametrize("output", ["photos/look", "photos/look.jpg", "photos\\look"])
def test_a_file_that_is_named_as_no_brush_is_neither_written_nor_its_neighbour(shell, output):
    """The contact sheet of a brush `photos/look` would be `photos/look.png`."""
    (shell.folder / "photos").mkdir()
    for picture in ("photos/look.png", "photos/look.jpg", "photos/look.jpg.png"):
        (shell.folder / picture).write_bytes(b"precious")
    _, message = shell.run("mix", "warm", "grain", "-o", output, "--overwrite", status=2)
    assert "must end in .brush" in message
    there = {p.name: p.read_bytes() for p in (shell.folder / "photos").iterdir()}
    assert there == dict.fromkeys(("look.png", "look.jpg", "look.jpg.png"), b"precious")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("two\nlines", "'two\\nlines': must not have control characters"),
        ("caf\udce9", "'caf\\udce9': has half a character"),
    ],
)
def test_a_name_that_no_brush_can_bear_is_refused_before_anything_is_mixed(shell, name, told):
    _, message = shell.run("mix", "warm", "grain", "-o", f"./{name}.brush", status=2)
    assert message.startswith(f"error: {told}")


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
        ("warm:1", "grain:-3"),
        ("warm:1", "grain:-0.999999"),
        ("warm:1e308", "grain:1e308"),
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
    assert shell.brush("warm").metadata.lineage is not None


def test_brushes_of_different_bases_end_with_status_5_and_both_names(shell):
    write_brush(plain("odd", unet="f"), shell.folder / "odd.brush")
    _, message = shell.run("mix", "warm", "odd.brush", "-o", "new", status=5)
    assert "base-0" in message
    assert "base-f" in message


def test_a_mix_that_was_killed_when_its_brush_was_whole_can_be_repeated(shell, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    shell.run("mix", "warm", "grain", "-o", "new")
    made = shell.brush("new")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")  # the next morning
    _, message = shell.run("mix", "warm", "grain", "-o", "new")
    assert message.startswith("mixed new:")
    assert shell.brush("new").metadata == made.metadata
    shell.run("mix", "warm:2", "grain", "-o", "new", status=2)
    shell.run("mix", "warm", "grain", "-o", "new", "--overwrite")
    assert shell.brush("new").metadata.created == "1970-01-02"
