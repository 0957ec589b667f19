"""A folder tree with every kind of file goes through one command and comes back complete."""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from brushctl.cli import _progress as progress
from brushctl.photos.photo import open_photo
from tests.cli.apply_shell import summary
from tests.photos import makers
from tests.photos.driver import tone

BAD = {
    "bad/truncated.jpg": "the file is damaged",
    "bad/empty.png": "the file is empty",
    "bad/text.webp": "not a photograph",
    "bad/bomb.png": "over the limit of 300 megapixels",
    "bad/strip.png": "too narrow a strip",
    "bad/animated.webp": "it holds 2 pictures",
    "bad/pages.tif": "it holds 2 pictures",
    "bad/press16.tif": "16-bit CMYK",
    "bad/float.tif": "32-bit floating-point",
}


def plant(root: Path) -> None:
    """Orientations, profiles, depths, transparency, formats, shapes, and what is no photograph."""
    for folder in ("turned", "profiles", "depths/deep", "alpha", "formats", "bad"):
        (root / folder).mkdir(parents=True)
    pixels = makers.picture()
    for n in range(1, 9):
        makers.write_jpeg(root / f"turned/{n}.jpg", pixels, exif=makers.exif(n), quality=95)
    profiles = {
        "p3": makers.profile(makers.DISPLAY_P3, 2.2),
        "adobe": makers.profile(makers.ADOBE_RGB, 2.2),
        "prophoto": makers.profile(makers.PROPHOTO, 1.8),
        "broken": makers.profile(makers.DISPLAY_P3, 2.2)[:150],
    }
    image = Image.fromarray(pixels)
    for name, icc in profiles.items():
        image.save(root / f"profiles/{name}.png", icc_profile=icc)
    grey, press = makers.grey_profile(1.8), makers.cmyk_profile()
    image.convert("L").save(root / "profiles/grey.png", icc_profile=grey)
    image.convert("CMYK").save(root / "profiles/press.jpg", quality=95, icc_profile=press)
    makers.write_deep_tiff(root / "depths/deep/lightroom.tif", makers.deep_picture())
    photo = open_photo(root / "depths/deep/lightroom.tif")
    write_png16(root / "depths/deep/scan.png", photo)
    image.convert("L").save(root / "depths/grey.jpg", quality=95)
    transparent = np.dstack([pixels, makers.picture(seed=1)[..., 0]])
    for suffix in ("png", "tif", "webp"):
        Image.fromarray(transparent).save(root / f"alpha/cut.{suffix}", lossless=True)
    for suffix in ("heic", "webp", "avif", "tif", "png"):
        image.save(root / f"formats/a.{suffix}", quality=90)
    makers.write_jpeg(root / "formats/PANORAMA.JPG", makers.picture(600, 40))
    makers.write_jpeg(root / "formats/tiny.jpeg", makers.picture(3, 2))
    (root / "formats/misnamed.jpg").write_bytes((root / "depths/deep/scan.png").read_bytes())
    (root / "formats/notes.txt").write_text("passed over")
    plant_bad(root, image)


def write_png16(path: Path, photo) -> None:
    makers.save(path, photo.pixels, photo)


def plant_bad(root: Path, image: Image.Image) -> None:
    whole = (root / "turned/1.jpg").read_bytes()
    (root / "bad/truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "bad/empty.png").touch()
    (root / "bad/text.webp").write_text("no photograph")
    Image.new("1", (30_000, 20_000)).save(root / "bad/bomb.png")
    Image.new("L", (2000, 3)).save(root / "bad/strip.png")
    other = Image.fromarray(makers.picture(seed=5))
    image.save(root / "bad/animated.webp", save_all=True, append_images=[other])
    image.save(root / "bad/pages.tif", save_all=True, append_images=[other])
    inks = makers.deep_picture(channels=4)
    tifffile.imwrite(root / "bad/press16.tif", inks, photometric="separated")
    tifffile.imwrite(root / "bad/float.tif", np.zeros((9, 9, 3), np.float32), photometric="rgb")


def test_a_tree_of_every_kind_of_file_goes_through_one_command(shell):
    root = shell.folder / "in"
    plant(root)
    good = sorted(
        str(path.relative_to(root))
        for path in root.rglob("*.*")
        if path.suffix != ".txt" and path.parent.name != "bad"
    )
    events = shell.events("dusk.brush", "in", "-o", "out", status=3)
    assert summary(events) == (len(good), 0, len(BAD))
    files = {event["file"]: event for event in events if event["event"] == "file"}
    assert sorted(name for name, event in files.items() if event["status"] == "done") == good
    assert shell.files() == good
    for name, reason in BAD.items():
        assert reason in files[name]["error"]["what"], name
    assert "taken as sRGB" in " ".join(files["profiles/broken.png"]["warnings"])
    for name in good:
        check(root / name, shell.folder / "out" / name)
    assert summary(shell.events("dusk.brush", "in", "-o", "out", status=3)) == (
        0, len(good), len(BAD),
    )  # fmt: skip


def check(source: Path, target: Path) -> None:
    """A result is its photograph in every way but the edit."""
    before, after = open_photo(source), open_photo(target)
    for what in ("size", "format", "depth"):
        assert getattr(after, what) == getattr(before, what), (source, what)
    if before.colour.channels == 1:  # the edit colours it, for which grey has no room
        assert (after.colour.channels, after.colour.icc) == (3, None), source
    else:
        assert after.colour.icc == before.colour.icc, source
    with Image.open(source) as original, Image.open(target) as image:
        # What XMP alone says of the orientation turns no pixels, and is kept.
        exif = Image.Exif()
        exif.load(original.info.get("exif", b""))
        kept = 1 if 274 in exif else original.getexif().get(274, 1)
        assert image.getexif().get(274, 1) == kept, source
    assert (before.alpha is None) == (after.alpha is None), source
    if before.alpha is not None:
        np.testing.assert_allclose(after.alpha, before.alpha, atol=0.002)
    assert np.abs(after.pixels - tone(before.pixels)).mean() < 0.05, source


def test_a_log_gets_lines_with_pace_time_left_and_the_file(shell, monkeypatch):
    monkeypatch.setattr(progress, "LOG_INTERVAL", 0)
    shell.photographs(3)
    _, err = shell.run("dusk.brush", "in", "-o", "out")
    lines = [line for line in err.splitlines() if line.startswith("editing photographs ")]
    assert [line.split()[2] for line in lines] == ["1/3", "2/3", "3/3"]
    for n, line in enumerate(lines):
        assert line.endswith(f"MP/s  {n}.jpg")
        assert ":" in line.partition(" left)")[0][-8:]
    assert "(0:00:00 left)" in lines[-1]
