"""The published figures are what the bench measures: a part of them, run again."""

import json
from pathlib import Path

import numpy as np
import pytest

from brushctl.bench.effects import draw_effects
from brushctl.bench.metrics import psnr, ssim
from brushctl.bench.summary import MEASURES, SPLITS

FILE = Path(__file__).parents[2] / "docs/results/topbench-mini.json"
KEYS = {"method", "shots", "split", "guidance", *MEASURES, "effects"}


@pytest.fixture(scope="module")
def published():
    return json.loads(FILE.read_text())


def cases(published, method):
    return [case for case in published["cases"] if case["method"] == method]


def test_rows_have_what_the_tables_need(published):
    assert {"command", "base", "seconds", "rows"} <= set(published)
    assert published["command"].startswith("brushctl bench")
    for row in published["rows"]:
        assert set(row) >= KEYS
        assert row["split"] in SPLITS


def test_rows_are_the_means_of_their_cases(published):
    for row in published["rows"]:
        if row["split"] != "all":
            continue
        runs = [
            run["psnr"]
            for case in cases(published, row["method"])
            if case["shots"] == row["shots"]
            for run in case["runs"]
            if run["guidance"] == row["guidance"]
        ]
        assert len(runs) == row["effects"]
        assert row["psnr"] == pytest.approx(np.mean([np.mean(r) for r in runs]), abs=1e-3)


def test_what_no_model_changes_comes_out_again(published):
    for case in cases(published, "nothing")[:2]:
        (effect,) = draw_effects([case["effect"]], 64, published["seed"])
        (run,) = case["runs"]
        before, truth = (side[: len(run["psnr"])] for side in effect.test)
        again = [psnr(x, y) for x, y in zip(before, truth, strict=True)]
        assert again == pytest.approx(run["psnr"], abs=0.05)
        again = [ssim(x, y) for x, y in zip(before, truth, strict=True)]
        assert again == pytest.approx(run["ssim"], abs=0.005)


def test_text_comes_out_again_on_the_base_it_was_measured_on(published):
    import torch

    from brushctl.engine.brush.instruction import from_text
    from brushctl.engine.brush.scales import Scales
    from brushctl.engine.model.base import open_base
    from brushctl.engine.sampler import Editor

    base = open_base(None, torch.device("cpu"), torch.float32)
    if base.model_sha256 != published["base"]["model_sha256"]:
        pytest.skip("the figures are of other weights of tiny-ip2p")
    case = cases(published, "ip2p")[0]
    run = next(run for run in case["runs"] if run["guidance"] == "best")
    (effect,) = draw_effects([case["effect"]], base.resolution, published["seed"])
    words, scales = from_text(base, effect.instruction), Scales(run["s_T"], run["s_I"])
    with Editor(
        base, words, scales=scales, steps=base.defaults.steps, seed=published["seed"]
    ) as editor:
        (edited,) = editor.edit([effect.test[0][0]])
    # The figures may be measured in bfloat16.
    assert psnr(edited.after, effect.test[1][0]) == pytest.approx(run["psnr"][0], abs=0.5)
