"""`--quality` is the encoder's; `--effort` is that of sampling; each says where the other is."""

import io

import pytest
from PIL import Image

import brushctl
from brushctl.errors import UsageError
from brushctl.photos.photo import open_photo
from tests.photos import makers

LOSSY = ("jpg", "webp", "avif", "heic")


@pytest.fixture
def shell(apply_shell):
    (apply_shell.folder / "in").mkdir()
    makers.write_jpeg(apply_shell.folder / "in/a.jpg", makers.picture(160, 120))
    return apply_shell


@pytest.mark.parametrize("suffix", LOSSY)
def test_the_lower_the_quality_the_smaller_the_file(shell, suffix):
    sizes = []
    for quality in ("90", "50", "10"):
        target = f"{quality}.{suffix}"
        shell.run("dusk.brush", "in/a.jpg", "-o", target, "--quality", quality)
        sizes.append((shell.folder / target).stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_a_jpeg_of_a_quality_has_its_tables_and_its_photograph_s_order_and_sampling(shell):
    pixels = Image.new("RGB", (64, 64), (90, 120, 200))
    pixels.save(shell.folder / "in/a.jpg", quality=40, progressive=True, subsampling=1)
    shell.run("dusk.brush", "in/a.jpg", "-o", "own.jpg")
    shell.run("dusk.brush", "in/a.jpg", "-o", "ninety.jpg", "--quality", "90")
    stream = io.BytesIO()
    pixels.save(stream, "JPEG", quality=90)
    with (
        Image.open(shell.folder / "in/a.jpg") as source,
        Image.open(shell.folder / "own.jpg") as own,
        Image.open(shell.folder / "ninety.jpg") as ninety,
        Image.open(stream) as reference,
    ):
        assert own.quantization == source.quantization
        assert ninety.quantization == reference.quantization
        assert ninety.info.get("progressive") == 1
        assert ninety.layer == source.layer


def test_a_lossless_webp_is_lossy_only_if_a_quality_is_asked_for(shell):
    Image.fromarray(makers.picture(64, 64)).save(shell.folder / "in/a.webp", lossless=True)
    shell.run("dusk.brush", "in/a.webp", "-o", "own.webp")
    shell.run("dusk.brush", "in/a.webp", "-o", "lossy.webp", "--quality", "80")
    kinds = [(shell.folder / name).read_bytes() for name in ("own.webp", "lossy.webp")]
    assert [b"VP8L" in data for data in kinds] == [True, False]


def test_a_png_is_the_same_at_any_quality(shell):
    for quality in ("10", "90"):
        shell.run("dusk.brush", "in/a.jpg", "-o", f"{quality}.png", "--quality", quality)
    one, other = (open_photo(shell.folder / f"{q}.png").codes for q in (10, 90))
    assert (one == other).all()


def test_another_quality_edits_anew_and_none_leaves_earlier_results(shell):
    shell.run("dusk.brush", "in", "-o", "out")
    assert "quality" not in (shell.folder / "out/.brushctl/journal.jsonl").read_text()
    assert shell.events("dusk.brush", "in", "-o", "out")[-1]["done"] == 0
    assert shell.events("dusk.brush", "in", "-o", "out", "--quality", "80")[-1]["done"] == 1


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("--quality", "draft", "Pass --effort draft for fewer sampling steps."),
        ("--quality", "0", "a number from 1 to 100"),
        ("--quality", "101", "a number from 1 to 100"),
        ("--quality", "high", "a number from 1 to 100"),
        ("--effort", "90", "Pass --quality 90 for the encoder's quality."),
        ("--effort", "high", "Choose from draft, standard, best."),
    ],
)
def test_what_one_of_the_two_does_not_take_is_told_with_what_does(shell, option, given, told):
    _, err = shell.run("dusk.brush", "in", "-o", "out", option, given, status=2)
    assert told in err
    assert f"{option} {given}" in err or option in err


def test_python_takes_both_likewise(shell):
    inputs, brush = shell.folder / "in", shell.folder / "dusk.brush"
    for given in ({"quality": 0}, {"effort": "90"}, {"effort": "draft", "steps": 4}):
        with pytest.raises(UsageError):
            brushctl.apply(inputs, brush, shell.folder / "out", **given)
