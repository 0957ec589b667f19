"""list, rm, rename, export, import and verify, through the real command line."""

import errno
import json
import os
import shutil

import pytest

from brushctl.brushes.file import encode_brush
from tests.brushes.makers import plain
from tests.brushes.test_vectors import SCHEMA, VECTORS
from tests.cli.shell import shell_with_brushes


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


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
    warm = shell.brush("warm")
    shell.run("rename", "warm", "grain", "--overwrite")
    assert shell.cached() == ["grain.brush"]
    assert shell.brush("grain").metadata == warm.metadata


def test_export_and_import_carry_a_brush_byte_for_byte(shell):
    data = (shell.folder / "home/brushes/warm.brush").read_bytes()
    shell.run("export", "warm")
    assert (shell.folder / "warm.brush").read_bytes() == data
    shell.run("export", "warm", status=2)
    shell.run("export", "warm", "copy.brush")
    out, _ = shell.run("export", "warm", "-")
    assert out == data
    shell.run("export", "warm", "copy", status=2)
    _, err = shell.run("export", "warm", "warm.cube", status=2)
    assert "--lut warm.cube" in err
    shell.run("export", "warm", "new/folder/")
    assert (shell.folder / "new/folder/warm.brush").is_file()
    shell.run("import", "copy.brush")
    shell.run("import", "-", "--name", "piped", data=data)
    assert shell.cached() == ["copy.brush", "grain.brush", "piped.brush", "warm.brush"]
    assert (shell.folder / "home/brushes/piped.brush").read_bytes() == data


def test_a_brush_from_stdin_goes_by_the_name_inside_it(shell):
    shell.run("rm", "warm")
    shell.run("import", "-", data=encode_brush(plain("warm")))
    assert "warm.brush" in shell.cached()
    shell.run("import", "-", data=encode_brush(plain("My look / 2")), status=2)


def test_a_file_whose_name_is_no_brush_s_is_imported_under_one_that_is_given(shell):
    shutil.copy(shell.folder / "home/brushes/warm.brush", shell.folder / "Golden Hour.brush")
    _, message = shell.run("import", "Golden Hour.brush", status=2)
    assert "--name" in message
    shell.run("import", "Golden Hour.brush", "--name", "golden")
    assert "golden.brush" in shell.cached()


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
    assert shell.brush("warm").metadata.name == "warm"
    shell.run("import", "warm.brush", "--overwrite")
    assert shell.brush("warm").metadata.name == "grain"


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


def test_verify_calls_damaged_what_is_damaged_and_nothing_else(shell):
    newer = VECTORS / "invalid/version-2.brush"
    out, message = shell.run("verify", "warm", "gone", str(newer), status=5)
    assert out.decode() == f"warm\twhole\ngone\tmissing\n{newer}\tnewer\n"
    assert message.endswith("1 whole, 1 newer, 0 damaged, 1 missing\n")
    report = shell.json("verify", "gone", str(newer), status=5)
    assert not report["damaged"]
    assert [entry["brush"] for entry in report["newer"]] == [str(newer)]
    assert [entry["brush"] for entry in report["missing"]] == ["gone"]


def test_verify_tells_what_cannot_be_read_from_what_is_damaged(shell, monkeypatch):
    def no_disk(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("brushctl.cli.verify.open_brush", no_disk)
    out, _ = shell.run("verify", "warm", status=5)
    assert out == b"warm\tunreadable\n"


@pytest.mark.parametrize("command", ["rm {}", "export {}", "rename {} new"])
def test_a_file_in_the_place_of_a_name_is_told_how_it_gets_one(shell, command):
    shell.run("export", "warm")
    _, message = shell.run(*command.format("./warm.brush").split(), status=2)
    assert "brushctl import FILE" in message
