"""Models of true size on a GPU, beside diffusers' own loop: seconds, memory, share of its rate.

    uv run python -m benchmarks.speed gpu               # docs/results/gpu.json, within ten minutes
    uv run python -m benchmarks.speed gpu --rehearse    # the same on a CPU, with the tiny models

Two bases with random weights in bfloat16, in the configurations that are published: the U-Net of
InstructPix2Pix on Stable Diffusion 1.5 at 512 px (three branches, 20 steps), and the transformer of
FLUX.2 klein 4B at 1,024 px (4 steps). The text encoders are small: words are read once. Each base
is run as it is and compiled by `Module.compile`. A row is one contender: brushctl's editor, or the
pipeline that a user calls, one picture at a time and, on the U-Net, eight at a time; or a step of
learning by the default recipe, five samples of one pair. Seconds are of a picture or a step, the
best of the rounds after one that warms up. Operations are counted in a run that is not timed;
`matrix_rate_share` is what of the device's own rate of large products they come to.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderKLFlux2,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
)
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPTokenizer, Qwen3Config, Qwen3ForCausalLM

from benchmarks.editors.paper import MODELS
from benchmarks.results import report
from benchmarks.speed.apply import pipeline
from benchmarks.speed.full_size import build
from brushctl.engine.brush.instruction import initial
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.families import FAMILIES
from brushctl.engine.flow.families.family import Sampling
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import zero
from brushctl.engine.model.base import AnyBase, BaseModel, open_base
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.pixels import FloatImage
from brushctl.engine.sampler import Editor
from brushctl.engine.training.loop import objective_on, trainable
from brushctl.engine.training.recipes import DEFAULT
from brushctl.photos.icc import quantise
from brushctl.settings import TINY_DIT
from brushctl.tiny.world.pictures import draw_picture

OUT = Path("docs/results/gpu.json")
PHRASE = "turn daylight into night"
ROUNDS = 3
BATCH = 8
PICTURES = 8
U_NET_STEPS, KLEIN_STEPS, KLEIN_SIDE = 20, 4, 1024
MATRIX, REHEARSED_MATRIX = 8192, 1024
"""The side of the matrices whose product is the device's own rate."""
WORDS, DEPTH = 2560, 28
"""The width of klein 4B's text encoder, and the layers that the pipeline looks into."""
Row = dict[str, Any]


def u_net(device: torch.device, folder: Path) -> BaseModel:
    """InstructPix2Pix on Stable Diffusion 1.5."""
    build(folder, U_NET_STEPS)
    base = open_base(str(folder), device, torch.bfloat16)
    assert isinstance(base, BaseModel)
    return base


def klein(device: torch.device, _: Path) -> FlowModel:
    """FLUX.2 klein 4B, distilled; the weights are drawn where they are used."""
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(EMBEDDED / "tokenizer", model_max_length=512)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    words = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=WORDS,
        intermediate_size=64,
        num_hidden_layers=DEPTH,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
    )
    torch.set_default_dtype(torch.bfloat16)
    with device:
        pipe = Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=AutoencoderKLFlux2().eval(),
            text_encoder=Qwen3ForCausalLM(words).eval(),
            tokenizer=tokenizer,
            transformer=Flux2Transformer2DModel(**MODELS["FLUX.2 klein 4B"].config).eval(),
            is_distilled=True,
        )
    torch.set_default_dtype(torch.float32)
    pipe.set_progress_bar_config(disable=True)
    pipe.transformer.requires_grad_(False)
    sampling = Sampling(KLEIN_STEPS, KLEIN_SIDE, None)
    return FlowModel("klein-random", pipe, FAMILIES["Flux2KleinPipeline"], sampling, "0" * 64)


BASES: dict[str, Callable[[torch.device, Path], AnyBase]] = {
    "sd15-instruct-pix2pix": u_net,
    "flux2-klein-4b": klein,
}
REHEARSED: dict[str, Callable[[torch.device, Path], AnyBase]] = {
    "tiny-ip2p": lambda device, _: open_base(None, device, torch.bfloat16),
    "tiny-dit": lambda device, _: open_base(TINY_DIT, device, torch.bfloat16),
}


class Clock:
    """Seconds, memory and operations on a device."""

    def __init__(self, device: torch.device) -> None:
        self.cuda = device.type == "cuda"
        side = MATRIX if self.cuda else REHEARSED_MATRIX
        a = torch.randn(side, side, device=device, dtype=torch.bfloat16)
        self.rate = 2 * side**3 / min(self.seconds(lambda: a @ a) for _ in range(10))

    def seconds(self, run: Callable[[], object]) -> float:
        """Of one call, until the device has done it."""
        began = time.perf_counter()
        run()
        if self.cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - began

    def row(self, run: Callable[[], object], times: int, flop: float) -> Row:
        """What a call takes for each of the `times` things that it does, of `flop` operations."""
        run()
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        each = min(self.seconds(run) for _ in range(ROUNDS)) / times
        peak = round(torch.cuda.max_memory_allocated() / 1e9, 2) if self.cuda else None
        share = round(flop / each / self.rate, 3)
        return {"seconds": round(each, 4), "peak_gb": peak, "matrix_rate_share": share}


def operations(run: Callable[[], object]) -> float:
    """Of a call."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def contenders(base: AnyBase, pictures: list[FloatImage]) -> Iterator[tuple[str, Any, int]]:
    """Name, call, and how many pictures it edits."""
    if isinstance(base, FlowModel):
        offsets = zero(base, PHRASE, DEFAULT.buckets, DEFAULT.least_m)
        one = pictures[:1]
        yield "brushctl", lambda: _edit(FlowEditor(base, offsets), one), 1
        yield "diffusers", lambda: base.pipe(**base.arguments(one[0], PHRASE)), 1
        return
    instruction = initial(base, PHRASE, DEFAULT.buckets, least_m=DEFAULT.least_m)
    yield "brushctl", lambda: _edit(Editor(base, instruction), pictures), len(pictures)
    pipe = pipeline(base)
    images = [Image.fromarray(quantise(x, 8)) for x in pictures]
    scales = base.defaults.scales
    for name, many in (("diffusers", images[:1]), (f"diffusers, {BATCH} at a time", images)):
        run = _called(pipe, many, base.defaults.steps, scales.s_T, scales.s_I)
        yield name, run, len(many)


def _called(
    pipe: Any,  # noqa: ANN401  (a pipeline of diffusers)
    images: list[Image.Image],
    steps: int,
    s_T: float,
    s_I: float,
) -> Callable[[], object]:
    return lambda: pipe(
        [PHRASE] * len(images),
        image=images,
        num_inference_steps=steps,
        guidance_scale=s_T,
        image_guidance_scale=s_I,
    )


def _edit(editor: Editor | FlowEditor, pictures: list[FloatImage]) -> None:
    with editor:
        editor.edit(pictures)


def learning(base: AnyBase, pictures: list[FloatImage]) -> Callable[[], object]:
    """A step of learning: forward and backward of a sample in each bucket, as `learn` does it."""
    objective = objective_on(base, PHRASE, DEFAULT)
    pairs = objective.encode(pictures[:1], [1 - pictures[0]])
    instruction = trainable(objective.initial())
    generator = torch.Generator().manual_seed(0)

    def step() -> None:
        with objective.installed(instruction):
            sample = objective.draw(pairs, DEFAULT.batch, generator)
            for part in sample.rows(objective.rows or len(sample)):
                objective.errors(objective.prepared(part)).sum().backward()

    return step


def rows_of(name: str, base: AnyBase, clock: Clock) -> Iterator[Row]:
    """Every contender, as the base is and compiled."""
    rng = np.random.default_rng(0)
    side = base.resolution
    pictures: list[FloatImage] = [draw_picture(rng, side).pixels for _ in range(PICTURES)]
    work = [*contenders(base, pictures), ("learning step", learning(base, pictures), 1)]
    flop = [operations(run) / times for _, run, times in work]
    for compiled in (False, True):
        if compiled:
            denoiser = base.denoiser if isinstance(base, FlowModel) else base.unet
            denoiser.compile()
        for (what, run, times), each in zip(work, flop, strict=True):
            figures = clock.row(run, times, each)
            yield {"base": name, "what": what, "compiled": compiled, **figures}


def main(arguments: Sequence[str]) -> None:
    """Measure, and write each row as it comes."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rehearse", action="store_true", help="on a CPU, with the tiny models")
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args(arguments)
    device = torch.device("cpu" if chosen.rehearse else "cuda")
    clock, rows = Clock(device), []
    facts = {
        "device": torch.cuda.get_device_name() if clock.cuda else "cpu",
        "torch": torch.__version__,
        "matrix_tflops": round(clock.rate / 1e12, 1),
        "sampling_steps": {"U-Net": U_NET_STEPS, "klein": KLEIN_STEPS},
    }
    for name, make in (REHEARSED if chosen.rehearse else BASES).items():
        with tempfile.TemporaryDirectory() as folder:
            for row in rows_of(name, make(device, Path(folder)), clock):
                rows.append(row)
                print(json.dumps(row), flush=True)
                report(chosen.out, facts | {"rows": rows})
