"""What a million and a billion photographs take, and where a cluster stops growing.

    uv run python -m benchmarks.runs scale          # docs/results/scale.json, some two minutes

Three parts. Counted: the multiplications and additions of one photograph in InstructPix2Pix's
networks at 512 x 512, by torch's own counter on tensors without data. Measured, on this machine, in
core seconds, so that other programs matter little: what a photograph of 12 megapixels costs next to
the networks, and what each costs the one process that plans, hands out and writes the journal, in
memory too. Then a model of time and money from these and from published rates, and a simulation,
event by event, of a pool of processes whose work varies, that load their model, die and are served
by that one process: it shows where the model is too kind.
"""

import argparse
import heapq
import json
import pickle
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.results import report
from brushctl.runs.executors.distributed import LARGEST
from brushctl.runs.journal import Journal
from brushctl.runs.records import Facts, Record, Result
from brushctl.runs.remote_plan import Task, plan_urls, select_urls
from brushctl.runs.steps import Treatment
from brushctl.runs.storage.remote import Found
from brushctl.runs.worker import EditWorker
from tests.photos.driver import ToneEditor

OUT = Path("docs/results/scale.json")
CLUSTER = Path("docs/results/cluster.json")
STEPS, BRANCHES, SIDE = 20, 3, 512
"""The paper's sampling (section 6): eq. 3 has three branches."""
UTILISATION = 0.25
"""The share of a GPU's peak that diffusers reaches with a U-Net of this size: assumed, see docs."""
LOAD = 60.0
"""Seconds until a process is ready: start, imports, 4 GB of weights from a local disk; assumed."""
SPREAD = 0.25
"""Standard deviation of the logarithm of a photograph's time: sizes and formats differ."""
DEATH = 1 / (24 * 3600)
"""Deaths of a process per second: one a day each, as preemptible machines have; assumed."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A kind of GPU.

    Attributes:
        peak: dense bf16 tensor operations a second, as its maker states them.
        price: dollars an hour, assumed.
        cores: that its process is given (`--cores`); machines for rent have as many and more.
    """

    peak: float
    price: float
    cores: int


GPUS = {"H200": Gpu(989e12, 3.5, cores=4), "RTX 4090": Gpu(165.2e12, 0.4, cores=2)}
"""Peaks: NVIDIA's H200 data sheet (1,979 with sparsity, half of it without) and its Ada
architecture paper (bf16 with fp32 accumulation). Prices: of the order that is asked for rent."""
GET, PUT, PAGE = 0.4e-6, 5e-6, 1000
"""Dollars for a request to S3 (us-east-1, standard class), and names in a page of a listing."""
LISTING = 0.1
"""Seconds for a page of a listing, one after another: assumed."""


def counted() -> dict[str, float]:
    """Operations (two for a multiply-add) of the networks for one photograph."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from torch.utils.flop_counter import FlopCounterMode

    def flops(run: Callable[[], Any]) -> float:
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            run()
        return float(counter.get_total_flops())

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, in_channels=8, cross_attention_dim=768, attention_head_dim=8
        )
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            latent_channels=4,
        )
    z = SIDE // 8
    one = flops(lambda: unet(torch.empty(1, 8, z, z), 0, torch.empty(1, 77, 768)))
    encoder = flops(lambda: vae.encode(torch.empty(1, 3, SIDE, SIDE)))
    decoder = flops(lambda: vae.decode(torch.empty(1, 4, z, z)))
    return {
        "unet": one,
        "encoder": encoder,
        "decoder": decoder,
        "photograph": STEPS * BRANCHES * one + encoder + 2 * decoder,
    }


def measured() -> dict[str, float]:
    """Seconds, on this machine and one core, of all that is not the networks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {"photograph": _host(folder), **_driver(folder)}


def _host(folder: Path) -> float:
    """Reading, decoding, transferring to full size, encoding and writing 12 megapixels."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8))
    coarse.resize((4000, 3000), Image.Resampling.BICUBIC).save(folder / "in.jpg", quality=92)
    task = Task(str(folder / "in.jpg"), str(folder / "out.jpg"), "in.jpg", "out.jpg")
    painter = EditWorker(ToneEditor, Treatment({}), cores=1)
    times = [_seconds(lambda: list(painter([task]))) for _ in range(4)]
    return min(times[1:])  # the first compiles the kernels


def _driver(folder: Path, count: int = 20_000) -> dict[str, float]:
    """What each photograph costs the process that plans and notes."""
    found = [
        Found(
            f"s3://archive/{n:09}.jpg", PurePosixPath(f"{n:09}.jpg"), {"bytes": n, "mark": str(n)}
        )
        for n in range(count)
    ]
    tasks: list[Task] = []
    planning = _seconds(
        lambda: tasks.extend(plan_urls(found, "s3://out", template="{stem}.{ext}", brush="x"))
    )
    settings = {"brush": "golden-hour", "brush_sha256": "0" * 64, "seed": 0, "detail": "auto"}
    facts = Facts((4000, 3000), "transfer", 0.1, "a recolouring", (), 1.25)
    records = [
        Record(t.key, "done", settings, t.mark, Result(t.result, bytes=1), facts) for t in tasks
    ]
    with Journal(folder / "state") as journal:
        blocks = [records[n : n + LARGEST] for n in range(0, count, LARGEST)]
        noting = _seconds(lambda: [journal.write(*block) for block in blocks])
        size = journal.path.stat().st_size
    state = Journal(folder / "state")
    reading = _seconds(state.__enter__)
    there = {task.target: 1 for task in tasks}
    choosing = _seconds(
        lambda: select_urls(
            tasks, state.records, settings, there, overwrite=False, retry_failed=False
        )
    )
    state.__exit__(None, None, None)
    return {
        "driver bytes": _held(found, blocks) / count,
        "planning": planning / count,
        "resuming": (reading + choosing) / count,
        "noting": noting / count,
        "journal bytes": size / count,
    }


def _held(found: list[Found], blocks: list[list[Record]]) -> int:
    """Bytes that the process that plans and notes holds, when all are done."""
    tracemalloc.start()
    tasks = plan_urls(found, "s3://out", template="{stem}.{ext}", brush="x")
    records = [pickle.loads(pickle.dumps(block)) for block in blocks]  # as processes send them
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tasks) == sum(map(len, records))
    return held


def _seconds(run: Callable[[], Any]) -> float:
    """Core seconds of this process and all its threads."""
    started = time.process_time()
    run()
    return time.process_time() - started


def modelled(n: float, gpu: Gpu, gpus: int, costs: dict[str, float]) -> dict[str, float]:
    """Hours and dollars of n photographs: the slowest of the stations, after a start."""
    each = seconds_each(gpu, costs)
    driver = costs["noting"] + costs["handing out"] / LARGEST
    start = LOAD + n * (costs["planning"] + LISTING / PAGE)
    seconds = start + max(n * each / gpus, n * driver)
    return {
        "gpus": gpus,
        "seconds each": round(each, 4),
        "hours": round(seconds / 3600, 3),
        "gpu dollars": round(gpus * seconds / 3600 * gpu.price, 2),
        "request dollars": round(n * (GET + PUT + PUT / PAGE), 2),
        "journal GB": round(n * costs["journal bytes"] / 1e9, 2),
        "driver GB": round(n * costs["driver bytes"] / 1e9, 1),
        "driver busy": round(n * driver / seconds, 3),
        "cores for each gpu": round(costs["host"] / each, 1),
    }


def seconds_each(gpu: Gpu, costs: dict[str, float]) -> float:
    """For a photograph, of a process whose GPU and cores work side by side: the slower of them."""
    return max(costs["operations"] / (gpu.peak * UTILISATION), costs["host"] / gpu.cores)


def simulated(n: int, each: float, gpus: int, costs: dict[str, float], seed: int = 0) -> float:
    """Hours of n photographs, block by block.

    Every process loads, then takes a block whenever it is free. The driver serves one at a time.
    A process that dies loses its block, which another takes up, and has to load again.
    """
    rng = np.random.default_rng(seed)
    serving = costs["handing out"] + LARGEST * costs["noting"]
    blocks = -(-n // LARGEST)
    # A block is a sum of many lognormal times: near enough to normal.
    factor = np.exp(SPREAD**2 / 2)
    deviation = factor * np.sqrt(np.exp(SPREAD**2) - 1)
    times = each * (LARGEST + np.sqrt(LARGEST) * deviation / factor * rng.standard_normal(blocks))
    start = n * (costs["planning"] + LISTING / PAGE)
    free = [start + LOAD * (1 + 0.5 * rng.random()) for _ in range(gpus)]
    heapq.heapify(free)
    left, driver, end = list(times), 0.0, 0.0
    while left:
        work = left.pop()
        at = heapq.heappop(free)
        driver = max(driver, at) + serving
        death = rng.exponential(1 / DEATH)
        if death < work:
            left.insert(0, work)
            heapq.heappush(free, driver + death + LOAD)
            continue
        end = max(end, driver + work)
        heapq.heappush(free, driver + work)
    return end / 3600


def main(arguments: Sequence[str]) -> None:
    """Count, measure, model, simulate, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--utilisation", type=float, default=UTILISATION)
    chosen = options.parse_args(arguments)
    flops, host = counted(), measured()
    handing_out = json.loads(CLUSTER.read_text())["core seconds for each block"]
    costs = {**host, "host": host["photograph"], "operations": flops["photograph"]}
    costs["operations"] *= UTILISATION / chosen.utilisation
    costs["handing out"] = handing_out
    model, simulation = [], []
    for name, gpu in GPUS.items():
        for n, gpus in ((10**6, 1), (10**6, 8), (10**6, 64), (10**6, 512), (10**9, 512)):
            model.append({"photographs": n, "gpu": name, **modelled(n, gpu, gpus, costs)})
            if n == 10**6:
                hours = simulated(n, model[-1]["seconds each"], gpus, costs)
                simulation.append(
                    {"gpu": name, "gpus": gpus, "hours": round(hours, 3)}
                    | {"over the model": round(hours / model[-1]["hours"] - 1, 3)}
                )
    facts = {
        "counted": {key: round(value / 1e12, 3) for key, value in flops.items()},
        "measured": {key: float(f"{value:.3g}") for key, value in host.items()},
        "assumed": {
            "utilisation": chosen.utilisation,
            "load": LOAD,
            "deaths a day": DEATH * 86400,
            "listing": LISTING,
        },
        "gpus": {name: asdict(gpu) for name, gpu in GPUS.items()},
        "core seconds for each block": handing_out,
        "model": model,
        "simulation": simulation,
    }
    print(report(OUT, facts))
