"""Photographs that a list names: `apply --files-from`."""

import json


def test_lists_of_files_from_stdin(shell):
    shell.photographs(3)
    shell.run("dusk.brush", "--files-from", "-", "-o", "out", data=b"in/0.jpg\0in/2.jpg\0")
    assert shell.files() == ["in/0.jpg", "in/2.jpg"]


def test_an_empty_list_is_nothing_to_do_and_no_error(shell):
    arguments = ("dusk.brush", "--files-from", "-", "--json", "--report", "page.html")
    for where in (("-o", "out"), ("--in-place",)):
        told, err = shell.run(*arguments, *where)
        assert json.loads(told)["done"] == 0
        assert "0 done, 0 unchanged, 0 failed" in err
        assert not shell.files()
    _, err = shell.run(*arguments[:3], status=2)
    assert "no output is named" in err
    _, err = shell.run("dusk.brush", "--files-from", "", "-o", "out", status=2)
    assert "the list cannot be read" in err


def test_a_link_to_a_photograph_that_is_gone_is_one_failed_file(shell):
    shell.photographs(1)
    (shell.folder / "in/lost.jpg").symlink_to("gone.jpg")
    _, err = shell.run("dusk.brush", "in", "-o", "out", status=3)
    assert "failed: in/lost.jpg: no such file or directory" in err
    assert "1 done, 0 unchanged, 1 failed" in err


def test_an_odd_name_of_a_list_is_one_failed_file(shell):
    shell.photographs(1)
    (shell.folder / "in/._0.jpg").write_bytes(b"what macOS leaves on other disks")
    (shell.folder / "in/loop.jpg").symlink_to("loop.jpg")
    arguments = ("dusk.brush", "--files-from", "-", "-o", "out")
    listed = b"in/0.jpg\nin/._0.jpg\nin/loop.jpg\n"
    _, err = shell.run(*arguments, data=listed, status=3)
    assert shell.files() == ["in/0.jpg"]
    assert "failed: in/._0.jpg: " in err
    assert "failed: in/loop.jpg: " in err
