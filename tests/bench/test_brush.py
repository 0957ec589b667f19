"""What the bench's `brush` is of: the parts that `brushctl learn` would keep."""

from types import SimpleNamespace

import numpy as np
import pytest

from brushctl.bench.methods.brush import BrushLearner
from brushctl.bench.metrics import mean_psnr

SIDE = 24
LEARNED = 6


class Model:
    """Stands for an editor that knows the truth: it gives the one that is nearest to a picture."""

    def __init__(self, truth):
        self.truth = truth

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def edit(self, pictures):
        def nearest(x):
            return min(self.truth, key=lambda y: float(np.square(x - y).mean()))

        return [SimpleNamespace(after=nearest(x)) for x in pictures]


class Idle(Model):
    """Stands for an editor that has learned nothing."""

    def edit(self, pictures):
        return [SimpleNamespace(after=x) for x in pictures]


def with_square(x):
    """A square in a place that is another in every picture: no grade puts it there."""
    x = x.copy()
    row, column = (min(k, SIDE - 8) for k in np.unravel_index(x[..., 0].argmax(), x.shape[:2]))
    x[row : row + 8, column : column + 8] = (0.1, 0.9, 0.3)
    return x


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return [rng.random((SIDE, SIDE, 3), dtype=np.float32) for _ in range(LEARNED + 1)]


def learned(pictures, edit, model):
    """How near it comes to another picture, in dB, and with how many pictures it was trained."""
    asked = []
    truth = [edit(x) for x in pictures]

    def train(before, _after, held_out):
        asked.append((len(before), len(held_out[0]) if held_out else 0))

    learner = BrushLearner(train, lambda _: model(truth), seed=0)
    by = learner.learn(pictures[:LEARNED], truth[:LEARNED])
    return mean_psnr(by(pictures[LEARNED:]), truth[LEARNED:]), asked


def test_of_a_look_the_grade_is_kept_and_nothing_is_trained(pictures):
    psnr, asked = learned(pictures, lambda x: 0.9 * x**1.5, Model)
    assert psnr > 45
    assert asked == []


def test_where_there_is_no_grade_all_pictures_teach_an_instruction(pictures):
    psnr, asked = learned(pictures, with_square, Model)
    assert psnr == 50
    assert asked == [(LEARNED, 0)]


def test_an_instruction_must_prove_its_worth_over_a_grade_on_pictures_held_out(pictures):
    for model, least, most in ((Model, 50, 50), (Idle, 10, 30)):
        psnr, asked = learned(pictures, lambda x: with_square(0.5 * x), model)
        assert asked == [(4, 2)]
        assert least <= psnr <= most
