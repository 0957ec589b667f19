"""A program that uses brushctl, and says at each step what of it brushctl has changed.

Run as `python -m tests.host FOLDER`, it prints a JSON object: for each step, what was before it and
is after it, of all that differs. The libraries that brushctl uses are imported first, for what they
do to a process that imports them is theirs.
"""

import gc
import json
import locale
import logging
import os
import random
import signal
import socket
import struct
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import diffusers.loaders.single_file_utils
import huggingface_hub
import imagecodecs  # noqa: F401
import numba
import numpy as np
import open_clip  # noqa: F401
import pillow_heif
import scipy  # noqa: F401
import skimage.registration  # noqa: F401
import tifffile
import torch
import transformers
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from pytest import MonkeyPatch, raises, warns  # noqa: PT013

import brushctl

Image.init()
PIPELINES = (
    diffusers.StableDiffusionInstructPix2PixPipeline,
    diffusers.StableDiffusionXLInstructPix2PixPipeline,
)
EMBEDDED = Path(brushctl.__file__).with_name("tiny") / "weights"
SIDE = 64
DESCRIPTION = 270  # a tag of TIFF


def state() -> dict[str, Any]:
    """All of a process that its parts share, in words."""
    here = {
        "environment": dict(os.environ),
        "working folder": os.getcwd(),  # noqa: PTH109
        "signals": {int(n): signal.getsignal(n) for n in signal.valid_signals()},
        "hooks": [sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook],
        "tracing": [sys.gettrace(), sys.getprofile(), threading.gettrace()],
        "streams": [sys.stdin, sys.stdout, sys.stderr],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), socket.getdefaulttimeout()],
        "collector": [gc.isenabled(), gc.get_threshold()],
        "import": [sys.path, sys.meta_path, sys.path_hooks, sys.dont_write_bytecode],
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "locale": locale.setlocale(locale.LC_ALL),
        "warnings": [warnings.filters, warnings.showwarning, warnings.formatwarning],
        "random numbers": random.getstate(),
        "numpy's random numbers": np.random.get_state(),
        "torch's random numbers": torch.get_rng_state().sum(),
        "numpy": [np.geterr(), np.geterrcall(), np.get_printoptions()],
        "numba": {k: v for k, v in vars(numba.config).items() if k.isupper()},
        "libraries' progress bars": [
            diffusers.utils.logging.is_progress_bar_enabled(),
            transformers.utils.logging.is_progress_bar_enabled(),
            huggingface_hub.utils.are_progress_bars_disabled(),
        ],
    }
    return {**here, **_logging(), **_torch(), **_pillow()}


def _logging() -> dict[str, Any]:
    known = [logging.root, *logging.root.manager.loggerDict.values()]
    told = {
        f"logger {logger.name}": {
            name: getattr(logger, name)
            for name in ("level", "disabled", "propagate", "handlers", "filters")
        }
        for logger in known
        if isinstance(logger, logging.Logger)
    }
    return told | {"logging": [logging.root.manager.disable, logging.lastResort]}


def _torch() -> dict[str, Any]:
    return {
        "torch": {
            "format": torch.get_default_dtype(),
            "device": torch.get_default_device(),
            "threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
            "gradients": [torch.is_grad_enabled(), torch.is_inference_mode_enabled()],
            "determinism": torch.are_deterministic_algorithms_enabled(),
            "cudnn": [torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic],
            "multiplication": torch.get_float32_matmul_precision(),
        }
    }


def _pillow() -> dict[str, Any]:
    tables = ("OPEN", "ID", "MIME", "SAVE", "SAVE_ALL", "EXTENSION", "DECODERS", "ENCODERS")
    limits = ("MAX_IMAGE_PIXELS", "WARN_POSSIBLE_FORMATS")
    return {
        "Pillow": {name: getattr(Image, name) for name in tables + limits},
        "Pillow's files": [ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK],
        "Pillow's PNG": [PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY],
        "Pillow's TIFF": [TiffImagePlugin.OPEN_INFO, TiffImagePlugin.READ_LIBTIFF],
        "Pillow's JPEG": JpegImagePlugin.samplings,
        "pillow-heif": {k: v for k, v in vars(pillow_heif.options).items() if k.isupper()},
    }


def write_photographs(folder: Path) -> list[Path]:
    """One of each kind that Pillow opens only where it is told to, or remarks on."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 65536, (SIDE, SIDE, 5), np.uint16)
    image = Image.fromarray((codes[..., :3] >> 8).astype(np.uint8))
    folder.mkdir()
    image.save(folder / "large profile.png", icc_profile=bytes(3 * 2**20))
    image.save(folder / "odd.tif", tiffinfo={DESCRIPTION: "a description"})
    right, wrong = (struct.pack("<HHI", DESCRIPTION, 2, length) for length in (14, 2**24))
    (folder / "odd.tif").write_bytes((folder / "odd.tif").read_bytes().replace(right, wrong))
    with warns(UserWarning, match="Skipping tag"):
        Image.open(folder / "odd.tif").close()
    for suffix in ("jpg", "webp", "avif"):
        image.save(folder / f"plain.{suffix}")
    image.save(folder / "two.mpo", "MPO", save_all=True, append_images=[image])
    pillow_heif.from_pillow(image).save(folder / "phone.heic")
    kinds = {"photometric": "rgb", "extrasamples": ["unspecified", "unspecified"]}
    tifffile.imwrite(folder / "masks.tif", codes, **kinds)
    return sorted(folder.iterdir())


def write_pairs(folder: Path) -> Path:
    """Three pairs of noise."""
    rng = np.random.default_rng(1)
    for k in range(3):
        pixels = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        for side, shown in (("before", pixels), ("after", 255 - pixels)):
            (folder / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(shown).save(folder / side / f"{k}.png")
    return folder


class Use:
    """What a program does with brushctl, step by step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pairs = write_pairs(folder / "pairs")
        self.photographs = write_photographs(folder / "photographs")
        self.pipe = PIPELINES[0].from_pretrained(EMBEDDED, safety_checker=None)

    def opening_photographs(self) -> None:
        """As learning opens them, with the program's own limit of pixels below theirs."""
        from brushctl.photos.photo import open_photo
        from brushctl.photos.source import megapixels_of

        with warnings.catch_warnings(), MonkeyPatch.context() as patch:
            warnings.simplefilter("error")
            patch.setattr(Image, "MAX_IMAGE_PIXELS", SIDE)
            for path in self.photographs:
                assert open_photo(path).size == (SIDE, SIDE)
                assert megapixels_of(path) == SIDE * SIDE / 1e6

    def learning(self) -> None:
        """A brush from a few steps, its words found by CLIP."""
        from brushctl.engine.training import recipes

        quick = replace(recipes.DEFAULT, steps=2, steps_for_one=None)
        with MonkeyPatch.context() as patch:
            patch.setitem(recipes.RECIPES, "default", quick)
            self.brush = brushctl.learn(self.pairs, name="noise", parts="instruction")

    def files(self) -> None:
        """A brush written, read and mixed."""
        path = self.folder / "noise.brush"
        brushctl.write_brush(self.brush, path)
        again = brushctl.open_brush(path)
        shares = [brushctl.Share(self.brush, 0.5), brushctl.Share(again, 0.5)]
        brushctl.blend(shares, brushctl.Provenance.today("both"))

    def editing(self) -> None:
        """One picture."""
        with brushctl.open_editor(self.brush, device="cpu", steps=1) as editor:
            editor.edit([np.full((SIDE, SIDE, 3), 0.5, np.float32)])

    def a_pipeline(self) -> None:
        """A brush put in and taken out."""
        brushctl.load(self.pipe, self.brush).unload()

    def a_base_that_is_none(self) -> None:
        """Whatever fails on the way."""
        nothing = self.folder / "nothing"
        nothing.mkdir()
        with raises(brushctl.BrushctlError):
            brushctl.open_editor(self.brush, base=str(nothing))


def changed_by(step: Callable[[], object]) -> dict[str, str]:
    """What differs after a step from before it."""
    before = {name: repr(value) for name, value in state().items()}
    try:
        step()
    except Exception as error:
        return {"it fails": repr(error)}
    after = {name: repr(value) for name, value in state().items()}
    # What was not before, as the logger of a module that a library imports late, is nobody's loss.
    return {
        name: f"{value} -> {after.get(name)}"
        for name, value in before.items()
        if after.get(name) != value
    }


def main() -> None:
    """See above."""
    steps: dict[str, Callable[[], object]] = {
        name: lambda name=name: getattr(brushctl, name) for name in sorted(brushctl.API)
    }
    use = Use(Path(sys.argv[1]))
    for name in vars(Use):
        if not name.startswith("_"):
            steps[name] = getattr(use, name)
    print(json.dumps({name: changed_by(step) for name, step in steps.items()}))  # noqa: T201


if __name__ == "__main__":
    main()
