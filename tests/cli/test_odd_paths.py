"""Paths that lead nowhere, or that no file can have: every command tells of them as such."""

import json
from pathlib import Path

import pytest
from PIL import Image

from brushctl.files import leads_nowhere, resolved, unwritable
from tests.cli.shell import Shell, shell_with_brushes

LOOP = "this is a link that leads nowhere"
NONE = "there is no such"
LEVELS = "too many levels of symbolic links"
LOOPS = ("loop", "loop.jpg", "loop.brush", "loop.csv", "loop.html", "loop.cube", "loop.txt")


@pytest.fixture
def shell(tmp_path, capfdbinary) -> Shell:
    """With the brushes warm and grain, a photograph, a pair, and links into themselves."""
    for name in ("in/a.png", "pairs/before/a.png", "pairs/after/a.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((64, 64), len(name)).save(path)
    (tmp_path / "sets.json").write_text('[{"pairs": "pairs"}]')
    for name in LOOPS:
        (tmp_path / name).symlink_to(name)
    return shell_with_brushes(tmp_path, capfdbinary)


def told(shell: Shell, command: str, status: int) -> str:
    """What an error says, which is no surprise and none to report."""
    _, err = shell.run(*command.split(), status=status)
    assert "unexpected" not in err
    assert "Traceback" not in err
    assert not (shell.folder / "~").exists()
    return " ".join(err.replace("│", "").split())


@pytest.mark.parametrize(
    ("command", "status", "what"),
    [
        ("apply loop.brush in -o out", 5, NONE),
        ("apply warm loop -o out", 2, NONE),
        ("apply warm loop.jpg --in-place", 2, NONE),
        ("apply warm in -o loop", 2, LOOP),
        ("apply warm in -o loop/below", 2, LOOP),
        ("apply warm in -o loop --dry-run", 2, LOOP),
        ("apply warm in/a.png -o loop.jpg", 2, LOOP),
        ("apply warm in -o loop --watch", 1, LEVELS),
        ("apply warm in -o out --report loop.html", 2, LOOP),
        ("apply warm in -o out --report loop/page.html", 2, LOOP),
        ("apply warm --files-from loop.txt -o out", 2, LEVELS),
        ("learn loop -o new", 2, "there is nothing here"),
        ("learn loop.csv -o new", 2, "there is nothing here"),
        ("learn pairs -o loop.brush", 2, LOOP),
        ("learn pairs -o loop/new.brush", 2, LOOP),
        ("learn --batch loop.csv", 2, LEVELS),
        ("learn --batch sets.json -o loop", 2, LOOP),
        ("init-phrase loop", 2, "there is nothing here"),
        ("init-phrase pairs --vocabulary loop.txt", 2, LEVELS),
        ("import loop.brush", 1, LEVELS),
        ("export warm loop.brush", 2, LOOP),
        ("export warm loop/", 2, LOOP),
        ("export warm in in --lut loop.cube", 2, LOOP),
        ("verify loop.brush", 5, NONE),
        ("label loop.brush --title x", 5, NONE),
        ("label warm --preview loop.jpg loop.jpg", 3, LEVELS),
        ("inspect loop.brush", 5, NONE),
        ("mix warm grain -o loop.brush", 2, LOOP),
        ("mix loop.brush grain -o new", 5, NONE),
    ],
)
def test_a_link_into_itself_is_told_of_before_any_work(shell, command, status, what):
    assert what in told(shell, command, status)
    assert all((shell.folder / name).is_symlink() for name in LOOPS)


@pytest.mark.parametrize(
    ("command", "status", "what"),
    [
        ("list", 1, LEVELS),
        ("verify", 1, LEVELS),
        ("rm warm", 1, LEVELS),
        ("apply warm in -o out", 1, LEVELS),
        ("import warm.brush", 2, LOOP),
        ("mix warm.brush warm.brush -o new", 2, LOOP),
        ("learn pairs -o new", 2, LOOP),
    ],
)
def test_a_home_of_brushes_that_leads_into_itself_is_told_of(shell, command, status, what):
    (shell.folder / "home/brushes/warm.brush").rename(shell.folder / "warm.brush")
    (shell.folder / "home").rename(shell.folder / "elsewhere")
    (shell.folder / "home").symlink_to("home")
    assert what in told(shell, command, status)


def test_doctor_tells_of_brushes_that_cannot_be_read(shell):
    (shell.folder / "home").rename(shell.folder / "elsewhere")
    (shell.folder / "home").symlink_to("home")
    findings = {f["what"]: f for f in shell.json("doctor", status=1)["findings"]}
    assert findings["brushes"]["state"] == "broken"
    assert LEVELS in findings["brushes"]["found"]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("apply NAME.brush in -o out", 1),
        ("apply warm in -o NAME", 1),
        ("apply warm in -o NAME/below", 1),
        ("apply warm in/a.png -o NAME.jpg", 1),
        ("apply warm in -o out --report NAME.html", 1),
        ("apply warm --files-from NAME -o out", 2),
        ("learn NAME -o new", 1),
        ("learn pairs -o NAME.brush", 1),
        ("learn --batch NAME.csv", 2),
        ("init-phrase pairs --vocabulary NAME", 2),
        ("import NAME.brush", 1),
        ("export warm NAME.brush", 1),
        ("verify NAME.brush", 5),
        ("inspect NAME.brush", 5),
        ("mix warm grain -o NAME.brush", 1),
    ],
)
def test_a_name_that_is_too_long_is_told_of(shell, command, status):
    assert "file name too long" in told(shell, command.replace("NAME", "a" * 300), status)


def test_a_name_with_a_nul_in_it_is_one_that_is_not_there(shell):
    pair = {"before": "a\0b.png", "after": "in/a.png"}
    (shell.folder / "odd.json").write_text(json.dumps([pair]))
    assert r"there is no file a\x00b.png" in told(shell, "learn odd.json -o new", 2)
    sets = [{"pairs": "a\0b", "name": "odd"}, {"pairs": "odd.json", "name": "too"}]
    (shell.folder / "sets.json").write_text(json.dumps(sets))
    err = told(shell, "learn --batch sets.json -o new", 4)
    assert "failed: odd: " in err
    assert "failed: too: " in err


def test_what_cannot_be_resolved_stays_as_it_is(shell):
    for name in ("loop", "loop/below", "a\0b", "a" * 300):
        assert resolved(shell.folder / name) == shell.folder / name
    assert resolved(shell.folder / "in/../in/a.png") == shell.folder / "in/a.png"


def test_a_link_leads_nowhere_if_what_it_leads_to_is_not_there(shell):
    (shell.folder / "dangling").symlink_to("gone")
    (shell.folder / "good").symlink_to("in")
    names = ("dangling", "loop", "good", "in", "gone")
    assert [leads_nowhere(shell.folder / name) for name in names] == [True, True, *[False] * 3]
    for name in ("dangling", "dangling/below/that", "loop/below"):
        assert unwritable(shell.folder / name) == (shell.folder / Path(name).parts[0], LOOP)
    for name in ("good", "good/below", "gone/below"):
        assert unwritable(shell.folder / name) is None


def test_a_brush_is_written_where_a_link_leads(shell):
    (shell.folder / "link.brush").symlink_to("store/new.brush")
    shell.run("mix", "warm", "grain", "-o", "link.brush")
    assert (shell.folder / "link.brush").is_symlink()
    assert (shell.folder / "store/new.brush").is_file()
