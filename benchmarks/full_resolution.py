"""What the full-resolution transfer is worth: its PSNR, time and memory at 2, 12 and 24 megapixels.

    uv run python -m benchmarks.full_resolution measure    # docs/results/fullres.json
    uv run python -m benchmarks.full_resolution drift      # docs/results/drift.json
    uv run python -m benchmarks.full_resolution figure     # docs/images/fullres.jpg

Every edit has a known truth at full size: a tone edit is applied to the photograph itself. The
model is played by the same edit at model size, on a picture blurred by 0.6 pixels and with smooth
noise of 0.02 RMS on the edited one, which is about what an autoencoder and a sampler leave. Both
ways of reaching full size get the same model output. Each picture is opened, edited and saved in a
process of its own, whose peak memory is reported.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import affine_transform, gaussian_filter
from skimage import data

from benchmarks.results import report, run
from benchmarks.tones import contrast, crossed, night, warm, washed_out
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.photos.choices import Detail
from brushctl.photos.encode import encode_photo
from brushctl.photos.icc import quantise
from brushctl.photos.photo import open_photo, resize
from brushctl.transfer.grid import to_full_size
from brushctl.transfer.registration import registered

OUT, FIGURE = Path("docs/results/fullres.json"), Path("docs/images/fullres.jpg")
DRIFT_OUT = Path("docs/results/drift.json")
DRIFTS = {
    "none": (1.0, 0.0, 0.0),
    "half a pixel": (1.0, 0.5, -0.5),
    "2 pixels": (1.0, 2.0, -1.0),
    "8 pixels": (1.0, 8.0, -5.0),
    "zoom 1.01": (1.01, 0.0, 0.0),
    "zoom 1.02 and 6 pixels": (1.02, 6.0, -3.0),
}
"""Zoom, and pixels down and right, of model pictures of 627 x 418."""
CROP = np.s_[:300, :420]
"""The part of each photograph that the figure shows."""
SIZES = {2: (1728, 1152), 12: (4240, 2832), 24: (6000, 4000)}
SIDES = {"tiny-ip2p": 64, "instruct-pix2pix": 512}
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")


Edit = Callable[[np.ndarray], np.ndarray]
EDITS: dict[str, Edit] = {
    "warm": warm,
    "night": night,
    "faded": washed_out,
    "contrast": contrast,
    "crossed": crossed,
}


def photograph(width: int, height: int) -> Image.Image:
    """Real photographs at their own resolution, mirrored side by side until the size is full.

    scikit-image ships none above 0.3 megapixels; enlarging one would leave nothing to lose.
    """
    canvas = Image.new("RGB", (width, height))
    pictures = [Image.fromarray(getattr(data, name)()[..., :3]) for name in PHOTOGRAPHS]
    n = y = 0
    while y < height:
        x = 0
        while x < width:
            tile = pictures[n % 4].resize((640, 480)) if n % 4 == 2 else pictures[n % 4]
            tile = tile.crop((0, 0, tile.width, 400)) if tile.height > 400 else tile
            turned = tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if n % 8 > 3 else tile
            canvas.paste(turned, (x, y))
            x, n = x + turned.width, n + 1
        y += 400
    return canvas


def generated(width: int, height: int) -> Image.Image:
    """Dead leaves: discs of every size in front of one another, with a fine grain on them."""
    rng = np.random.default_rng(0)
    canvas = Image.new("RGB", (width, height), (120, 120, 120))
    draw = ImageDraw.Draw(canvas)
    for radius in np.sort(rng.pareto(1.2, 6000) * 0.004 + 0.004)[::-1] * width:
        x, y, r = rng.random() * width, rng.random() * height, min(radius, width / 4)
        colour = tuple(rng.integers(0, 256, 3).tolist())
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    grain = Image.effect_noise((width, height), 24)
    return Image.blend(canvas, Image.merge("RGB", (grain, grain, grain)), 0.15)


PICTURES = {"photograph": photograph, "generated": generated}


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Over all pixels and channels, clipped to what a file can hold; in dB."""
    error = sum(float(np.mean((np.clip(x, 0, 1) - y) ** 2)) for x, y in zip(a, b, strict=True))
    return -10 * float(np.log10(error / len(a)))


def model(before: np.ndarray, edit: Edit) -> list[np.ndarray]:
    """What a model of that size gives back: (before, after)."""
    soft = gaussian_filter(before, (0.6, 0.6, 0)).astype(np.float32)
    noise = gaussian_filter(np.random.default_rng(0).normal(size=before.shape), (1, 1, 0))
    after = edit(soft) + 0.02 * noise / noise.std()
    return [soft, after.clip(0, 1).astype(np.float32)]


def measure(path: Path, side: int) -> dict[str, Any]:
    """Edit one picture in this process; called in a fresh one."""
    photo = open_photo(path)
    width, height = photo.size
    scale = side / (width * height) ** 0.5
    size = round(width * scale), round(height * scale)
    before = resize(photo.rows, size)
    assert to_full_size(before, before, before).pixels.any()  # compiled code is loaded
    rows, seconds, peak = {}, [], 0.0
    for name, edit in EDITS.items():
        small, made = model(before, edit)
        full = to_full_size(photo.rows, small, made, Detail.TRANSFER)
        if not peak:
            data, _ = encode_photo(full.edit, photo, kind="JPEG")
            path.with_name("out.jpg").write_bytes(data)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        began = time.perf_counter()
        transferred = full.pixels
        seconds.append(time.perf_counter() - began)
        truth = edit(photo.pixels).clip(0, 1).astype(np.float32)
        upscaled = resize_bicubic(made, photo.size)
        rows[name] = round(psnr(transferred, truth), 2), round(psnr(upscaled, truth), 2)
    gains = [transfer - upscale for transfer, upscale in rows.values()]
    return {
        "psnr_transfer": round(float(np.mean([t for t, _ in rows.values()])), 2),
        "psnr_upscale": round(float(np.mean([u for _, u in rows.values()])), 2),
        "least_gain": round(min(gains), 2),
        "seconds_transfer": round(float(np.median(seconds)), 3),
        "peak_mb": round(peak),
        "edits": rows,
    }


def resize_bicubic(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The plain way up."""
    bands = [
        Image.fromarray(pixels[..., c]).resize(size, Image.Resampling.BICUBIC) for c in range(3)
    ]
    return np.stack([np.asarray(band) for band in bands], -1)


def measure_all(arguments: Sequence[str]) -> None:
    """Measure every size, source and model."""
    options = argparse.ArgumentParser(description=measure_all.__doc__)
    options.add_argument("--out", type=Path, default=OUT)
    out = options.parse_args(arguments).out
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for source, make in PICTURES.items():
            for megapixels, size in SIZES.items():
                path = Path(folder) / "picture.png"
                make(*size).save(path, compress_level=1)
                for base, side in SIDES.items():
                    with multiprocessing.get_context("spawn").Pool(1) as pool:
                        found = pool.apply(measure, (path, side))
                    row = {"megapixels": megapixels, "source": source, "model": base, "side": side}
                    rows.append(row | found)
                    print(json.dumps(rows[-1]), flush=True)
    facts = {
        "model_output": "a tone edit at model size, blurred by 0.6 px, noise of 0.02 RMS",
        "photographs": f"of scikit-image, tiled at their own size: {', '.join(PHOTOGRAPHS)}",
        "rows": rows,
    }
    report(out, facts)


def drifted(made: np.ndarray, zoom: float, *shift: float) -> np.ndarray:
    """A picture that the model has zoomed and shifted; what comes into the frame is mirrored."""
    middle = (np.array(made.shape[:2]) - 1) / 2
    offset = middle - (middle + shift) / zoom
    bands = [
        affine_transform(made[..., c], [1 / zoom] * 2, offset, order=3, mode="mirror")
        for c in range(3)
    ]
    return np.stack(bands, -1).clip(0, 1)


def measure_drift(arguments: Sequence[str]) -> None:
    """What a model that moves the picture costs, with and without registration: 2 megapixels."""
    options = argparse.ArgumentParser(description=measure_drift.__doc__)
    options.add_argument("--out", type=Path, default=DRIFT_OUT)
    out = options.parse_args(arguments).out
    width, height = SIZES[2]
    photo = np.asarray(photograph(width, height), np.float32) / 255
    scale = 512 / (width * height) ** 0.5
    small = resize(photo, (round(width * scale), round(height * scale)))
    rows = []
    for name, drift in DRIFTS.items():
        found: dict[str, list[float]] = {"left": [], "registered": [], "cpu_seconds": []}
        for edit in EDITS.values():
            before, made = model(small, edit)
            truth = edit(photo).clip(0, 1).astype(np.float32)
            after = drifted(made, *drift)
            began = time.process_time()
            laid = registered(before, after)
            found["cpu_seconds"].append(time.process_time() - began)
            for way, picture in (("left", after), ("registered", laid)):
                full = to_full_size(photo, before, picture, Detail.TRANSFER)
                found[way].append(psnr(full.pixels, truth))
        figures = {way: round(float(np.mean(values)), 2) for way, values in found.items()}
        rows.append({"drift": name, **figures})
        print(json.dumps(rows[-1]), flush=True)
    report(out, {"edits": list(EDITS), "megapixels": 2, "side": 512, "rows": rows})


def tone_row(name: str, edit: Edit, side: int) -> list[np.ndarray]:
    """A tone edit: original, truth, transfer, model's pixels, plain upscaling."""
    photo = getattr(data, name)()[..., :3].astype(np.float32) / 255
    h, w = photo.shape[:2]
    scale = side / (h * w) ** 0.5
    small, made = model(resize(photo, (round(w * scale), round(h * scale))), edit)
    paths = [to_full_size(photo, small, made, d).pixels for d in (Detail.TRANSFER, Detail.MODEL)]
    return [photo, edit(photo), *paths, resize_bicubic(made, (w, h))]


def content_row() -> list[np.ndarray]:
    """Something added: original, what the model made, transfer, model's pixels, upscaling."""
    photo = data.astronaut().astype(np.float32) / 255
    small = resize(photo, (128, 128))
    drawn = Image.fromarray(quantise(small, 8))
    ImageDraw.Draw(drawn).ellipse((10, 20, 50, 60), fill=(250, 220, 0))
    made = np.asarray(drawn, np.float32) / 255
    paths = [to_full_size(photo, small, made, d).pixels for d in (Detail.TRANSFER, Detail.MODEL)]
    up = resize_bicubic(made, (512, 512))
    return [photo, up, *paths, up]


def figure(arguments: Sequence[str]) -> None:
    """Draw the original, the truth, and the ways to full size, side by side."""
    argparse.ArgumentParser(description=figure.__doc__).parse_args(arguments)
    rows = {
        "night, 64 pixels wide": tone_row("chelsea", night, 64),
        "cross-processing, 64 pixels wide": tone_row("astronaut", crossed, 64),
        "cross-processing, 128 pixels wide": tone_row("coffee", crossed, 128),
        "a disc, 128 pixels wide": content_row(),
    }
    sheet = contact_sheet(
        "Ways to full size, with a simulated model of the width named below each row",
        ("original", "truth", "transfer", "model", "plain upscaling"),
        [Row([p.clip(0, 1)[CROP] for p in row], name) for name, row in rows.items()],
        side=240,
    )
    sheet.save(FIGURE, quality=85)


COMMANDS = {"measure": measure_all, "drift": measure_drift, "figure": figure}


def main() -> None:
    """Run the one that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
