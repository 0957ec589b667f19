"""Whose steps the bench sets."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from brushctl.bench.cases import case_stem
from brushctl.bench.effects import draw_effects
from brushctl.bench.methods.registry import METHODS, VISII, Bench
from brushctl.bench.running import evaluator_for
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import TINY_CLIP, load_clip
from brushctl.engine.training.recipes import DEFAULT, PAPER


@pytest.fixture(scope="module")
def bench():
    cpu = torch.device("cpu")
    return Bench(open_base(None, cpu, torch.float32), load_clip(str(TINY_CLIP), cpu), 7, 0)


def test_published_configurations_keep_their_own_steps(bench):
    assert bench.recipe(DEFAULT, 1).steps == bench.recipe(DEFAULT, 10).steps == 7
    assert bench.recipe(PAPER, 1).steps == bench.recipe(VISII, 1).steps == 1000


def test_without_a_budget_a_single_pair_has_the_recipes_fewer_steps(bench):
    own = replace(bench, steps=None)
    assert own.recipe(DEFAULT, 1).steps == DEFAULT.steps_for_one < DEFAULT.steps
    assert own.recipe(DEFAULT, 2).steps == DEFAULT.steps


def test_a_case_is_another_one_with_another_clip(bench):
    (effect,) = draw_effects(["lava"], 64, 0)
    other = copy.deepcopy(bench.clip.model)
    other.logit_scale.data += 1
    changed = replace(bench, clip=replace(bench.clip, model=other))
    ours, theirs = (case_stem(evaluator_for(b), effect, "lut", 10) for b in (bench, changed))
    assert ours != theirs


def test_a_case_is_another_one_under_another_budget_unless_it_is_of_a_published_one(bench):
    (effect,) = draw_effects(["lava"], 64, 0)
    few, many = (evaluator_for(replace(bench, steps=steps)) for steps in (7, 8))
    for method in METHODS:
        same = case_stem(few, effect, method, 10) == case_stem(many, effect, method, 10)
        assert same == method.endswith("-paper")


def test_a_case_is_another_one_beside_another_reference(bench):
    (whole,) = draw_effects(["lava"], bench.base.resolution, 0)
    evaluator, (x, y) = evaluator_for(bench), whole.train
    other = replace(whole, train=(x, np.concatenate([y[:4], 1 - y[4:]])))
    of = {case_stem(evaluator, each.limited(1, 2), "ip2p", 1) for each in (whole, other)}
    assert len(of) == 2


def test_a_case_is_the_same_however_diffusers_lists_what_a_schedule_leaves_out(bench):
    """It makes that list of a set, so that its order is another in every process."""
    (effect,) = draw_effects(["lava"], 64, 0)
    of = set()
    for left_out in (["timestep_spacing", "steps_offset"], ["steps_offset", "timestep_spacing"]):
        config = {**bench.base.scheduler_config, "_use_default_values": left_out}
        base = replace(bench.base, scheduler_config=config)
        of.add(case_stem(evaluator_for(replace(bench, base=base)), effect, "ip2p", 10))
    assert len(of) == 1
