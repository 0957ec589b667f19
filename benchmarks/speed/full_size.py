"""A dress rehearsal at full size that downloads nothing.

    uv run python -m benchmarks.speed full-size     # docs/results/full-size.json

Builds InstructPix2Pix on Stable Diffusion 1.5 as its authors configured it, with random weights,
in diffusers' layout and bfloat16 (2.1 GB in --folder). Then, through the command line, each in a
process of its own: one learning step, all five buckets at once, and one photograph edited in two
steps, at 512 px and the paper's guidance, so with three branches. The pictures are noise; what is
measured is that it runs, in how much memory, and how long.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from benchmarks.results import report
from brushctl.engine.model.base import DEFAULTS_FILE
from brushctl.engine.model.find import EMBEDDED
from brushctl.files import resolved
from brushctl.photos.icc import quantise
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/full-size.json")
STEPS = 2
"""Sampling steps of the rehearsal: the real model takes twenty."""


def build(folder: Path, steps: int) -> None:
    """Write the model, part by part, each made in bfloat16 and never copied."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    widths = (320, 640, 1280, 1280)
    unet = UNet2DConditionModel(
        sample_size=64,
        in_channels=8,
        out_channels=4,
        block_out_channels=widths,
        cross_attention_dim=768,
        attention_head_dim=8,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=4,
        sample_size=512,
        scaling_factor=0.18215,
    )
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=768,
            intermediate_size=3072,
            num_hidden_layers=12,
            num_attention_heads=12,
            projection_dim=768,
        )
    )
    torch.set_default_dtype(torch.float32)
    scheduler = EulerAncestralDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
    )
    StableDiffusionInstructPix2PixPipeline(
        vae=vae,
        text_encoder=text_encoder,
        # Its words come first in any vocabulary of this size; which they are does not matter here.
        tokenizer=CLIPTokenizer.from_pretrained(EMBEDDED / "tokenizer", model_max_length=77),
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    (folder / DEFAULTS_FILE).write_text(json.dumps({"steps": steps}))


def measured(arguments: list[str], folder: Path) -> dict[str, float]:
    """Seconds and the highest resident memory of a run of brushctl."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "brushctl", *arguments],
        env=os.environ | {"BRUSHCTL_HOME": str(folder / "home")},
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"brushctl {' '.join(arguments)} failed")
    figures = {"seconds": round(time.monotonic() - began, 1), "peak_gb": usage.ru_maxrss / 2**20}
    print(arguments[0], figures, flush=True)
    return figures | {"peak_gb": round(figures["peak_gb"], 2)}


def main(arguments: Sequence[str]) -> None:
    """Build, learn, apply, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, default=Path("sd15-random"))
    folder = resolved(options.parse_args(arguments).folder)
    base = folder / "base"
    if not (base / DEFAULTS_FILE).exists():
        build(base, STEPS)
    rng = np.random.default_rng(0)
    shutil.rmtree(folder / "pairs", ignore_errors=True)
    for side in ("before", "after"):
        (folder / "pairs" / side).mkdir(parents=True)
        pixels = quantise(draw_picture(rng, 512).pixels, 8)
        Image.fromarray(pixels).save(folder / "pairs" / side / "0.png")
    brush = folder / "full.brush"
    common = ["--base", str(base), "--dtype", "bfloat16", "--device", "cpu"]
    rows = {
        "learn": measured(
            ["learn", str(folder / "pairs"), "-o", str(brush), "--no-phrase", "--steps", "1",
             "--overwrite", *common],
            folder,
        ),
        "apply": measured(
            ["apply", str(brush), str(folder / "pairs/before/0.png"), "-o",
             str(folder / "out.png"), "--detail", "model", "--overwrite", *common],
            folder,
        ),
    }  # fmt: skip
    weights = sum(f.stat().st_size for f in base.rglob("*.safetensors"))
    facts = {
        "base": "Stable Diffusion 1.5 InstructPix2Pix, random weights, bfloat16",
        "weights_gb": round(weights / 1e9, 2),
        "device": "cpu",
        "threads": torch.get_num_threads(),
        "passes": {"learn": "3 branches x 5 samples", "apply": f"3 branches x {STEPS} steps"},
        "rows": rows,
    }
    report(OUT, facts)
