"""`brushctl label` says who made a brush, and leaves alone what the brush does."""

import io
from base64 import b64decode

import pytest
from PIL import Image

from tests.cli.shell import shell_with_brushes
from tests.photos import makers


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


def test_labels_are_kept_changed_and_taken_away_and_the_edit_stays(shell):
    bare = shell.brush("warm")
    shell.run("label", "warm", "--author", "Anna", "--license", "CC-BY-4.0", "--note", "a\nb")
    told = shell.json("label", "warm", "--title", "Warm evening", "--note", "")
    meta = shell.brush("warm").metadata
    assert told["metadata"] == meta.to_dict()
    assert (meta.title, meta.author, meta.license) == ("Warm evening", "Anna", "CC-BY-4.0")
    assert meta.note is None
    assert meta.content_sha256 == bare.metadata.content_sha256
    for name, array in bare.tensors.items():
        assert (shell.brush("warm").tensors[name] == array).all()
    shown, _ = shell.run("inspect", "warm")
    assert b"Warm evening" in shown
    assert b"Anna" in shown


def test_a_preview_shows_before_on_the_left_and_after_on_the_right(shell):
    makers.write_jpeg(shell.folder / "x.jpg", makers.picture(300, 200, seed=1), exif=makers.exif(6))
    makers.write_jpeg(shell.folder / "y.jpg", makers.picture(300, 200, seed=2))
    shell.run("label", "warm", "--preview", "x.jpg", "y.jpg")
    kept = shell.brush("warm").metadata.preview
    assert kept
    with Image.open(io.BytesIO(b64decode(kept.partition(",")[2]))) as picture:
        assert picture.size == (85 + 192, 128)  # the first stands upright
    shell.run("label", "warm", "--no-preview")
    assert shell.brush("warm").metadata.preview is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no label is given"),
        (["--author", "two\nlines"], "--author: must not have control characters"),
        (["--title", "caf\udce9"], "--title: has half a character"),
        (["--preview", "x.jpg", "x.jpg", "--no-preview"], "contradict"),
    ],
)
def test_what_cannot_be_said_changes_nothing(shell, arguments, told):
    path = shell.folder / "home/brushes/warm.brush"
    before = path.read_bytes()
    _, err = shell.run("label", "warm", *arguments, status=2)
    assert told in err
    assert path.read_bytes() == before


def test_a_preview_of_no_photograph_is_a_failed_photograph(shell):
    (shell.folder / "x.jpg").write_bytes(b"no picture")
    _, err = shell.run("label", "warm", "--preview", "x.jpg", "x.jpg", status=3)
    assert "x.jpg" in err
