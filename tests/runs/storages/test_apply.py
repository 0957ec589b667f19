"""`brushctl apply` again and again, over photographs in a folder and in a bucket alike."""

import json
import re
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

import brushctl
from brushctl.cli import apply as command
from brushctl.errors import Interrupted
from brushctl.runs.plan import STATE
from brushctl.runs.storage.base import storage_of
from brushctl.runs.storage.local import replacing_result
from tests.cli.apply_shell import summary
from tests.photos.brushes import make_brush
from tests.photos.driver import tone_engine
from tests.runs.places import is_edited, jpeg, photographs


@pytest.fixture
def arguments(place) -> tuple[str, ...]:
    return ("dusk.brush", place.name("in"), "-o", place.name("out"))


def files(events: list[dict]) -> list[str]:
    return [event["file"] for event in events if event["event"] == "file"]


def test_a_second_run_does_nothing_and_a_changed_photograph_only_itself(shell, place, arguments):
    paths = photographs(place)
    assert summary(shell.events(*arguments)) == (3, 0, 0)
    assert summary(shell.events(*arguments)) == (0, 3, 0)
    place.write(paths[1], jpeg(9))
    assert summary(shell.events(*arguments)) == (1, 2, 0)
    assert is_edited(place, paths[1], "out/1.jpg")
    place.remove("out/0.jpg")
    assert summary(shell.events(*arguments)) == (1, 2, 0)


def test_a_photograph_that_was_touched_is_read_once_and_then_known(
    shell, place, arguments, monkeypatch
):
    paths = photographs(place)
    place.write(paths[2], b"no photograph")
    assert summary(shell.events(*arguments, status=3)) == (2, 0, 1)
    for path in paths[1:]:
        place.touch(path)
    storage, names = type(storage_of(place.name("in"))), []
    hashed = storage.hash

    def noted(self, name: str) -> str:
        names.append(name.rpartition("/")[2])
        return hashed(self, name)

    monkeypatch.setattr(storage, "hash", noted)
    for _ in range(2):
        assert summary(shell.events(*arguments, status=3)) == (0, 2, 1)
        assert names == ["1.jpg", "2.jpg"]


def test_other_settings_or_another_brush_edit_everything_again(shell, place, arguments):
    photographs(place)
    assert summary(shell.events(*arguments)) == (3, 0, 0)
    assert summary(shell.events(*arguments, "--seed", "1")) == (3, 0, 0)
    make_brush(shell.folder / "dusk.brush", value=0.25)
    assert summary(shell.events(*arguments, "--seed", "1")) == (3, 0, 0)
    assert summary(shell.events(*arguments, "--seed", "1", "--overwrite")) == (3, 0, 0)


def test_failed_files_are_counted_again_but_tried_only_when_asked(shell, place, arguments):
    paths = photographs(place)
    whole = place.read(paths[1])
    place.write(paths[1], whole[:700])
    assert summary(shell.events(*arguments, status=3)) == (2, 0, 1)
    assert summary(shell.events(*arguments, status=3)) == (0, 2, 1)
    assert files(shell.events(*arguments, "--retry-failed", status=3)) == ["1.jpg"]
    place.write(paths[1], whole)  # mended: no flag needed
    assert summary(shell.events(*arguments)) == (1, 2, 0)


def test_all_failed_is_status_4(shell, place, arguments):
    place.write("in/a.jpg", b"no photograph")
    _, err = shell.run(*arguments, status=4)
    assert "a.jpg: this is not a photograph that brushctl can read" in err


def test_a_renamed_result_is_reported_by_its_photograph(shell, place, arguments):
    place.write("in/a.jpg", b"no photograph")
    _, err = shell.run(*arguments, "--name", "{n}.png", status=4)
    assert re.search(r"failed: \S*in/a.jpg: ", err)


def test_files_that_no_run_made_are_not_overwritten_unasked(shell, place, arguments):
    photographs(place)
    place.write("out/1.jpg", b"precious")
    for options in ((), ("--dry-run",)):
        _, err = shell.run(*arguments, *options, status=2)
        assert "no earlier run made it" in err
        assert "--overwrite" in err
    assert place.read("out/1.jpg") == b"precious"
    shell.run(*arguments, "--overwrite")
    assert is_edited(place, "in/1.jpg", "out/1.jpg")


def test_dry_run_prints_the_plan_and_touches_nothing(shell, place, arguments):
    photographs(place, 2)
    options = ("--dry-run", "--name", "{stem}-x.{ext}")
    out, _ = shell.run(*arguments, *options)
    assert out.decode() == "".join(
        f"edit  {place.name(f'in/{n}.jpg')} -> {place.name(f'out/{n}-x.jpg')}\n" for n in (0, 1)
    )
    assert place.files("out") == []
    shell.run(*arguments, "--name", "{stem}-x.{ext}")
    place.write("in/1.jpg", jpeg(9))
    out, _ = shell.run(*arguments, *options)
    assert [line.split()[0] for line in out.splitlines()] == [b"keep", b"edit"]


def test_a_second_run_on_a_busy_output_says_so_and_leaves_it_alone(
    shell, place, arguments, monkeypatch
):
    photographs(place)
    monkeypatch.setenv("BRUSHCTL_HOME", str(shell.folder / "home"))
    output = place.name("out")
    with storage_of(output).journal(output, print):
        _, err = shell.run(*arguments)
        assert f"{output}: another run is at work on this output" in err
        told, _ = shell.run(*arguments, "--json")
        assert json.loads(told)["error"]["code"] == "busy"
        assert shell.run(*arguments, "--quiet") == (b"", "")
    assert place.files("out") == []


def test_a_run_that_is_stopped_is_gone_on_with(shell, place, arguments, monkeypatch):
    photographs(place, 6)
    asked = iter([False, True, True, True])
    with monkeypatch.context() as patch:
        patch.setattr(command, "stopping_gently", lambda _: nullcontext(lambda: next(asked)))
        _, err = shell.run(*arguments, status=Interrupted.exit_status)
    assert "stopped with 4 photographs left" in err
    assert place.files() == ["0.jpg", "1.jpg"]
    assert summary(shell.events(*arguments)) == (4, 2, 0)


def test_what_a_killed_run_has_left_is_its_own(shell, place, arguments):
    """Results may be there of which the journal says no more than that they were begun."""
    photographs(place, 2)
    shell.run(*arguments)
    place.kill()
    done, unchanged, failed = summary(shell.events(*arguments))
    assert (done + unchanged, failed) == (2, 0)
    assert summary(shell.events(*arguments)) == (0, 2, 0)
    assert all(is_edited(place, f"in/{n}.jpg", f"out/{n}.jpg") for n in (0, 1))


def test_photographs_of_one_name_each_keep_their_result(shell, place):
    for folder in ("a", "b"):
        place.write(f"{folder}/0.jpg", jpeg(ord(folder)))
    apart = ("-o", place.name("out"), "--name", "{folder}-{stem}.{ext}")
    named = (place.name("a/0.jpg"), place.name("b/0.jpg"))
    assert summary(shell.events("dusk.brush", *named, *apart)) == (2, 0, 0)
    assert summary(shell.events("dusk.brush", *named, *apart)) == (0, 2, 0)
    for folder in ("a", "b"):  # by calls of their own, too
        assert summary(shell.events("dusk.brush", place.name(folder), *apart)) == (0, 1, 0)
        assert is_edited(place, f"{folder}/0.jpg", f"out/{folder}-0.jpg")


@pytest.mark.parametrize("listed", [True, False])
def test_results_that_a_list_or_a_pattern_finds_too_are_passed_over(shell, place, listed):
    photographs(place, 2)
    how = ("-o", place.name("in"), "--name", "{stem}-{n}.{ext}")

    def run(*more: str) -> str:
        names = "\n".join(place.name(f"in/{name}") for name in place.files("in"))
        named = ("--files-from", "-") if listed else (place.name("in/*.jpg"),)
        return shell.run("dusk.brush", *named, *how, *more, data=names.encode())[1]

    assert "2 done, 0 unchanged" in run()
    again = run()
    assert f"passed over: 2 results of earlier runs into {place.name('in')}." in again
    assert "0 done, 2 unchanged" in again
    assert "2 done, 0 unchanged" in run("--seed", "1")
    assert len(place.files("in")) == 4


def test_what_lies_below_an_input_and_is_no_photograph_of_its_is_passed_over_in_one_line(
    shell, place
):
    photographs(place, 2)
    shell.run("dusk.brush", place.name("in/0.jpg"), "-o", place.name("in/edited"))
    for name in ("in/a.nef", "in/sub/notes.txt"):
        place.write(name, b"x")
    for more in (("--dry-run",), ()):
        _, err = shell.run("dusk.brush", place.name("in"), "-o", place.name("out"), *more)
        (line,) = [line for line in err.splitlines() if line.startswith("passed over: ")]
        assert "1 raw file (.nef; develop them" in line
        assert "1 other file (.txt), 1 result of earlier runs" in line
    assert place.files("out") == ["0.jpg", "1.jpg"]
    assert summary(shell.events("dusk.brush", place.name("in/edited"), "-o", place.name("b"))) == (
        1,
        0,
        0,
    )


def test_a_result_is_not_replaced_by_that_of_another_photograph(shell, place):
    for folder in ("a", "b"):
        place.write(f"{folder}/0.jpg", jpeg(ord(folder)))
    output = ("-o", place.name("out"))
    shell.run("dusk.brush", place.name("a/0.jpg"), *output)
    made = place.read("out/0.jpg")
    _, err = shell.run("dusk.brush", place.name("b/0.jpg"), *output, status=2)
    assert "would replace the result of another photograph" in err
    assert "a/0.jpg" in err
    assert "--overwrite" in err
    assert place.read("out/0.jpg") == made
    shell.run("dusk.brush", place.name("b/0.jpg"), *output, "--overwrite")
    assert is_edited(place, "b/0.jpg", "out/0.jpg")
    place.rename("b", "moved")  # the same photograph, elsewhere
    again = ("dusk.brush", place.name("moved"), *output, "--seed", "1")
    assert summary(shell.events(*again)) == (1, 0, 0)


def test_numbered_results_move_on_when_a_photograph_is_added(shell, place, arguments):
    numbered = (*arguments, "--name", "{n:03}.png")
    photographs(place, 2)
    assert summary(shell.events(*numbered)) == (2, 0, 0)
    place.write("in/+.jpg", jpeg(9))
    assert summary(shell.events(*numbered)) == (3, 0, 0)
    for n, name in enumerate(("+", "0", "1"), 1):
        assert is_edited(place, f"in/{name}.jpg", f"out/{n:03}.png")


@pytest.mark.parametrize("same_size", [True, False])
def test_a_result_that_somebody_has_retouched_is_left_alone(shell, place, arguments, same_size):
    paths = photographs(place, 2)
    shell.run(*arguments)
    retouched = place.read("out/0.jpg")[:-2] + (b"\0\0" if same_size else b"longer")
    place.write("out/0.jpg", retouched)
    place.write(paths[0], jpeg(9))  # even if the photograph changes
    out, _ = shell.run(*arguments, "--dry-run")
    assert out.decode().startswith(f"keep  {place.name('in/0.jpg')}")
    _, err = shell.run(*arguments)
    assert f"{place.name('out/0.jpg')}: this result was changed or cannot be read" in err
    assert "0 done, 2 unchanged" in err
    assert place.read("out/0.jpg") == retouched
    assert shell.run(*arguments, "--quiet") == (b"", "")
    assert summary(shell.events(*arguments, "--overwrite")) == (2, 0, 0)
    assert is_edited(place, paths[0], "out/0.jpg")


def test_what_is_retouched_after_its_photograph_failed_is_left_alone(shell, place, arguments):
    paths = photographs(place, 2)
    again = (*arguments, "--retry-failed")
    shell.run(*again)
    whole = place.read(paths[0])
    place.write(paths[0], whole[:700])
    for _ in range(2):
        assert summary(shell.events(*again, status=3)) == (0, 1, 1)
    retouched = place.read("out/0.jpg")[:-2] + b"\0\0"
    place.write("out/0.jpg", retouched)
    place.write(paths[0], whole)
    _, err = shell.run(*again)
    assert "out/0.jpg: this result was changed or cannot be read" in err
    assert place.read("out/0.jpg") == retouched


def test_what_somebody_put_where_a_photograph_had_failed_is_left_alone(shell, place, arguments):
    (path,) = photographs(place, 1)
    whole = place.read(path)
    place.write(path, whole[:700])
    assert summary(shell.events(*arguments, status=4)) == (0, 0, 1)
    place.write("out/0.jpg", b"by hand")
    place.write(path, whole)
    _, err = shell.run(*arguments, "--retry-failed")
    assert "out/0.jpg: this result was changed" in err
    assert place.read("out/0.jpg") == b"by hand"


def test_checksum_compares_the_content_of_results(shell, place, arguments):
    photographs(place)
    shell.run(*arguments)
    place.write("out/1.jpg", place.read("out/1.jpg")[:-2] + b"\0\0")
    assert summary(shell.events(*arguments)) == (0, 3, 0)
    _, err = shell.run(*arguments, "--checksum")
    assert "0 done, 3 unchanged" in err
    assert "out/1.jpg: this result was changed" in err


def test_a_report_shows_photographs_wherever_they_lie(shell, place, arguments):
    photographs(place, 2)
    shell.run(*arguments, "--report", "page.html")
    page = (shell.folder / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 4
    assert "2 photographs edited, 0 failed." in page


def test_what_killed_processes_left_in_a_folder_is_deleted_wherever_the_photographs_lie(
    shell, place
):
    photographs(place, 1)
    out = shell.folder / "results"
    out.mkdir()
    with replacing_result(out / "0.jpg", out) as file:
        part = Path(file.name)
    (out / "0.jpg").unlink()
    part.write_bytes(b"half")
    shell.run("dusk.brush", place.name("in"), "-o", str(out))
    assert sorted(path.name for path in out.iterdir()) == [STATE, "0.jpg"]


def test_one_photograph_to_one_file_and_to_stdout(shell, place):
    (path,) = photographs(place, 1)
    shell.run("dusk.brush", place.name(path), "-o", place.name("one.jpg"))
    assert is_edited(place, path, "one.jpg")
    made = place.read("one.jpg")
    _, err = shell.run("dusk.brush", place.name(path), "-o", place.name("one.jpg"), status=2)
    assert "one.jpg: the file exists already" in err
    out, _ = shell.run("dusk.brush", place.name(path), "-o", "-")
    assert out == made
    shell.run("dusk.brush", place.name(path), "-o", place.name(path), status=2)


def test_python_takes_what_the_command_takes(shell, place, monkeypatch):
    photographs(place, 2)
    monkeypatch.setitem(sys.modules, "brushctl.engine.sampler", tone_engine())
    named, brush, output = [place.name("in")], shell.folder / "dusk.brush", place.name("out")
    records = brushctl.apply(named, brush, output)
    assert [(record.file, record.status) for record in records] == [
        ("0.jpg", "done"),
        ("1.jpg", "done"),
    ]
    assert is_edited(place, "in/1.jpg", "out/1.jpg")
    assert brushctl.apply(named, brush, output) == []
