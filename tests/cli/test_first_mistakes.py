"""What people type at first: the answer is one line that says what to type instead."""

import pytest
from PIL import Image

from tests.cli.shell import shell_with_brushes
from tests.photos.brushes import make_brush


@pytest.fixture
def shell(tmp_path, capfdbinary):
    """A shell with two brushes in its cache, one beside it, and photographs."""
    shell = shell_with_brushes(tmp_path, capfdbinary)
    make_brush(tmp_path / "mine.brush")
    for name in ("photos/1.jpg", "pairs/before/1.jpg", "pairs/after/1.jpg", "Input/a", "Output/a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), "teal").save(tmp_path / name, "JPEG")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/1.NEF").touch()
    return shell


@pytest.mark.parametrize(
    ("command", "do"),
    [
        ("apply photos warm -o out", "Run `brushctl apply warm photos -o out`."),
        ("apply photos -o out", "Run `brushctl apply BRUSH photos -o EDITED`."),
        ("warm photos", "Run `brushctl apply warm PHOTOS -o EDITED`."),
        ("apply warm photos", "Add -o FOLDER, or --in-place."),
        ("apply warm photos -o photos", "Choose another folder, or pass --in-place."),
        ("apply warm photos/1.jpg -o photos/1.jpg", "Pass --in-place if that is what you want."),
        ("apply warm photos -o out.jpg", "Name a folder: out.jpg/."),
        ("apply warm phtos -o out", "Check the spelling, and the folder that you are in."),
        ("apply warm raw -o out", "only 1 raw file (.nef; develop them to TIFF or JPEG first)"),
        ("apply warn photos -o out", "Did you mean warm?"),
        ("apply warm.brush photos -o out", "Write warm for the brush in the cache."),
        ("apply mine photos -o out", "Write mine.brush for the file."),
        ("apply warm photos -o out --strength 60%", "write 0.6 for 60 %."),
        ("apply warm photos -o out --strength 60", "write 0.6 for 60 %."),
        ("apply warm photos -o out --quality high", "Write --quality 90, for example."),
        ("learn pairs", "Add -o NAME."),
        ("learn golden-hour pairs", "Run `brushctl learn pairs -o golden-hour`."),
        ("learn pairs golden-hour", "Run `brushctl learn pairs -o golden-hour`."),
        ("learn pairs/before pairs/after -o x", "Name pairs alone."),
        ("learn pairs/after pairs/before -o x", "Name pairs alone."),
        ("init-phrase Input Output", "Name . alone."),
        ("learn pairs/before -o x", "Give pairs, which has both."),
        ("learn photos raw -o x", "Put the pictures into before/ and after/ in one folder"),
        ("learn photos -o x", "Put the pictures into before/ and after/ under equal names"),
        ("learn pairs -o look.jpg", "Name it without a suffix"),
        ("learn pairs -o warm", "Choose another name, or pass --overwrite."),
        ("init-phrase pairs --parts grade", "use --parts instruction."),
        ("init-phrase pairs golden-hour", "Run `brushctl init-phrase pairs`."),
        ("apply", "Type, for example, `brushctl apply golden-hour photos/ -o edited/`"),
        ("learn", "Type, for example, `brushctl learn "),
        ("applly warm photos -o out", "no such command 'applly'. Did you mean 'apply'?"),
        ("apply warm photos --outptu out", "option: --outptu. Did you mean --on-top, --output?"),
        ("apply warm photos -o out -strength 0.5", "Write --strength, with two dashes."),
        ("apply warm photos -o", "'-o' requires an argument. Type, for example, `brushctl apply"),
        ("rename warm", "missing argument 'new'. Type, for example, `brushctl rename "),
        ("mix warm", "missing option '--output' / '-o'. Type, for example, `brushctl mix "),
        ("list warm", "Type, for example, `brushctl list`; -h shows more."),
        ("label warm --titel x", "option: --titel. Did you mean --help, --note, --title?"),
        ("learn pairs -o x --steps many", "'--steps': "),
        ("--nonsense", "no such option: --nonsense"),
        ("rm mine.brush", "names in the cache do not end in .brush. Write mine."),
        (
            "label warm --preview photos/1.jpg",
            "`brushctl label golden-hour --preview before",
        ),
        ("apply warm ~/no-photos -o out", "Check the spelling, and the folder that you are in."),
        ("apply warm photos -o mine.brush", "Name a folder for the results."),
        ("mix warm 0.5 -o y", "Write it as in warm:0.5."),
        ("help", "Run `brushctl --help`."),
        ("help apply", "Run `brushctl apply --help`."),
        ("learn https://x/pairs -o x", "Download the pairs first."),
        ("export warm look.cube", "Run `brushctl export warm --lut look.cube`."),
    ],
)
def test_the_answer_is_one_line_with_what_helps(shell, command, do):
    status = 5 if do.startswith(("Did you mean", "Write warm", "Write mine")) else 2
    check_answer(shell, command, do, status)


def test_a_full_stop_in_what_was_typed_ends_no_sentence(shell):
    _, err = shell.run("list", "my photo. jpg", status=2)
    assert "(my photo. jpg). Type, for example, `brushctl list`" in err


def check_answer(shell, command, do, status):
    """One line says what to type, and no file has come or gone."""
    before = {path for path in shell.folder.rglob("*") if path.is_file()}
    out, err = shell.run(*command.split(), status=status)
    assert not out
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert do in err
    assert {path for path in shell.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("command", "do"),
    [
        ("apply https://x/a.brush photos -o out", "Download it, then name the file."),
        ("import https://x/a.brush", "Download it, then import the file."),
        ("import nowhere.brush", "Check the spelling, and the folder that you are in."),
        ("inspect photos", "There is a folder ./photos, but brushes are files that end in .brush."),
        ("import warm", "A brush of that name is in the cache already."),
        ("import photos", "Name the .brush file in it."),
        ("import raw/1.NEF", "Name a .brush file, as `brushctl learn` makes one."),
        ("import photos/1.jpg", "Name a .brush file, as `brushctl learn` makes one."),
    ],
)
def test_what_is_no_brush_file_is_answered_likewise(shell, command, do):
    check_answer(shell, command, do, 5)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (
            b"PK\x03\x04",
            "this is a ZIP archive, not a photograph that brushctl can read. Unpack",
        ),
        (b"%PDF-1.7", "this is a PDF, not a photograph"),
        (b"<!DOCTYPE html>", "this is a web page, not a photograph"),
        (b"", "the file is empty. Copy it again, or leave it out."),
    ],
)
def test_a_file_that_was_taken_for_a_photograph_is_called_what_it_is(shell, start, told):
    (shell.folder / "photos.zip").write_bytes(start)
    _, err = shell.run("apply", "warm", "photos.zip", "-o", "out", status=4)
    assert f"failed: photos.zip: {told}" in err


def test_a_brush_beside_one_of_the_cache_is_named_by_its_file(shell):
    (shell.folder / "mine.brush").rename(shell.folder / "warm.brush")
    own, beside = shell.text("inspect", "warm"), shell.text("inspect", "warm.brush")
    assert "home/brushes/warm.brush" in own
    assert "home/brushes" not in beside


@pytest.mark.parametrize(
    ("url", "refused", "do"),
    [
        ("s3://x/a.jpg", ImportError("Install s3fs to access S3"), "s3fs`."),
        ("https://x/a.jpg", ImportError("needs aiohttp"), "Download the file, then name it."),
        ("foo://x/a.jpg", ValueError("Protocol not known: foo"), "such as s3://bucket/folder."),
    ],
)
def test_an_address_that_nothing_here_reads_is_answered_with_what_helps(
    shell, monkeypatch, url, refused, do
):
    fsspec = pytest.importorskip("fsspec")

    def refuse(_):
        raise refused

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    check_answer(shell, f"apply warm {url} -o out", do, 2)
