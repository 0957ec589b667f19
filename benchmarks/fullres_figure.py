"""Draw docs/images/fullres.jpg: the original, the truth, and the ways to full size, side by side.

uv run python -m benchmarks.fullres_figure
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

from benchmarks.fullres import crossed, model, night, resize_bicubic
from brushctl.bench.contact_sheet import Row, contact_sheet
from brushctl.photos.choices import Detail
from brushctl.photos.icc import quantise
from brushctl.photos.photo import resize
from brushctl.transfer.grid import to_full_size

OUT = Path("docs/images/fullres.jpg")
CROP = np.s_[:300, :420]


def tone_row(name: str, edit, side: int) -> list[np.ndarray]:  # noqa: ANN001
    """A tone edit: original, truth, transfer, model's pixels, plain upscaling."""
    photo = getattr(data, name)()[..., :3].astype(np.float32) / 255
    h, w = photo.shape[:2]
    scale = side / (h * w) ** 0.5
    seen, made = model(resize(photo, (round(w * scale), round(h * scale))), edit)
    paths = [to_full_size(photo, seen, made, d).pixels for d in (Detail.TRANSFER, Detail.MODEL)]
    return [photo, edit(photo), *paths, resize_bicubic(made, (w, h))]


def content_row() -> list[np.ndarray]:
    """Something added: original, what the model made, transfer, model's pixels, upscaling."""
    photo = data.astronaut().astype(np.float32) / 255
    seen = resize(photo, (128, 128))
    drawn = Image.fromarray(quantise(seen, 8))
    ImageDraw.Draw(drawn).ellipse((10, 20, 50, 60), fill=(250, 220, 0))
    made = np.asarray(drawn, np.float32) / 255
    paths = [to_full_size(photo, seen, made, d).pixels for d in (Detail.TRANSFER, Detail.MODEL)]
    up = resize_bicubic(made, (512, 512))
    return [photo, up, *paths, up]


def main() -> None:
    """Lay the crops out and save them."""
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
    sheet.save(OUT, quality=85)


if __name__ == "__main__":
    main()
