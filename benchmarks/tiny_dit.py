"""The figures on tiny-dit's card, measured again from the weights in the package.

    uv run python -m benchmarks.tiny_dit edits -n 4

Diffusers' own pipeline edits, so that what is measured is what anybody gets who loads the folder.
Writes docs/results/tiny-dit.json, and prints a line for each edit.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import FluxKontextPipeline

from benchmarks.results import report, run
from benchmarks.tiny_ip2p import SEED, means, measured
from brushctl.bench.metrics import Pixels, psnr
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.model.fingerprint import digest_of_modules
from brushctl.tiny.train.dit import STEPS, edited
from brushctl.tiny.world.edits import EDITS
from brushctl.tiny.world.pictures import draw_picture

WEIGHTS = EMBEDDED.with_name("weights_dit")
CARD = Path("docs/results/tiny-dit.json")
COMPARED = (1, 2, 5, 10)
"""Numbers of sampling steps that are compared, on one picture of each edit."""


def editor(pipe: FluxKontextPipeline, steps: int) -> Callable[[Pixels, str], Pixels]:
    """Edits a picture from words."""

    def edit(pixels: Pixels, words: str) -> Pixels:
        pictures = torch.from_numpy(pixels).permute(2, 0, 1)[None] * 2 - 1
        made = edited(pipe, pictures, [words], steps)[0]
        return ((made + 1) / 2).permute(1, 2, 0).numpy()

    return edit


@torch.no_grad()
def through_autoencoder(pipe: FluxKontextPipeline, pictures: list[Pixels]) -> float:
    """Mean PSNR of D(E(x))."""
    kept = []
    for pixels in pictures:
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None] * 2 - 1
        y = ((pipe.vae(x).sample + 1) / 2).clamp(0, 1)[0].permute(1, 2, 0).numpy()
        kept.append(psnr(y, pixels))
    return float(np.mean(kept))


def edits(arguments: Sequence[str]) -> None:
    """How well tiny-dit follows instructions, on scenes and words as tiny-ip2p's card has them.

    Without guidance, in the steps that are its own. All figures are PSNR in dB unless said.
    """
    options = argparse.ArgumentParser(description=edits.__doc__)
    options.add_argument("-n", type=int, default=8, help="test pictures for each edit")
    options.add_argument("--weights", type=Path, default=WEIGHTS, help="a pipeline's folder")
    options.add_argument("--out", type=Path, default=CARD, help="the file of results")
    chosen = options.parse_args(arguments)
    pipe = FluxKontextPipeline.from_pretrained(chosen.weights, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    table = {}
    for name, edit in EDITS.items():
        table[name] = measured(editor(pipe, STEPS), edit, chosen.n)
        print(f"{name:12} {edit.scope:7}", *(f"{x:6.2f}" for x in table[name]), flush=True)
    rng = np.random.default_rng(SEED)
    world = [draw_picture(rng, 64).pixels for _ in range(100)]
    by_steps = {
        f"text_psnr_{n}_steps": float(
            np.mean([measured(editor(pipe, n), edit, 1)[1] for edit in EDITS.values()])
        )
        for n in COMPARED
    }
    files = [f for f in chosen.weights.rglob("*") if f.is_file()]
    card = {
        "transformer_sha256": digest_of_modules([pipe.transformer]),
        "steps": STEPS,
        "vae_psnr_world": round(through_autoencoder(pipe, world), 2),
        **means(table),
        **{name: round(value, 2) for name, value in by_steps.items()},
        "weights_mb": round(sum(f.stat().st_size for f in files) / 1e6, 1),
    }
    print(report(chosen.out, card))


def main() -> None:
    """Run the one that is named."""
    run(__doc__, {"edits": edits})


if __name__ == "__main__":
    main()
