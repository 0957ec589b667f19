"""Learning: it lowers the loss, it is repeatable, and a brush file keeps all of it."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from brushctl.brushes.checkpoint import Checkpoint
from brushctl.brushes.file import decode_brush, encode_brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.brush.instruction import Instruction, from_brush
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import open_base
from brushctl.engine.sampler import Editor
from brushctl.engine.training import loop
from brushctl.engine.training.diffusion import DiffusionObjective
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.optimizer import adam, set_rate, share_gradients
from brushctl.engine.training.recipes import DEFAULT, PAPER, recipe_called
from brushctl.engine.training.samples import EncodedPairs, draw_samples
from brushctl.engine.training.state import TrainingState
from brushctl.errors import (
    BrushMismatchError,
    DeviceError,
    DeviceMemoryError,
    PhotoError,
    PhraseError,
    UsageError,
)
from brushctl.events import Advance, Stage, Warned

SHORT = replace(DEFAULT, steps=12, rate=0.1, tied=0.0)
PROVENANCE = Provenance("toy", "2026-01-02", "brushctl test")


class Stopped(Checkpoint):
    """A checkpoint at whose nth saving the run is stopped."""

    def __init__(self, target, stop_at):
        super().__init__(target, "a run", "2026-01-02")
        self.left = stop_at

    def save(self, state):
        super().save(state)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def made(base, pictures, recipe=SHORT, seed=0, phrase="make it darker", **more):
    """The brush of a toy edit (half the light), and the events on the way."""
    events = []
    brush = make_brush(
        base,
        pictures[:2],
        pictures[:2] * 0.5,
        initial_phrase=InitialPhrase(phrase),
        recipe=recipe,
        seed=seed,
        provenance=PROVENANCE,
        pair_hashes=["0" * 64, "1" * 64],
        **more,
        report=events.append,
    )
    return brush, events


@pytest.fixture(scope="module")
def toy(base, pictures):
    return made(base, pictures)


def test_learning_lowers_the_loss(base, pictures):
    quick = replace(SHORT, steps=20, rate=0.3)
    brush, _ = made(base, pictures, quick, phrase="as a negative")
    training = brush.metadata.training
    assert sum(training.instruction.loss_last) < 0.5 * sum(training.instruction.loss_first)


def test_tied_buckets_learn_as_one_and_then_apart(base, pictures):
    def unlike(tied):
        brush, _ = made(base, pictures, replace(SHORT, steps=4, tied=tied))
        return [float(np.ptp(t.astype(np.float32), axis=0).max()) for t in brush.tensors.values()]

    assert max(unlike(1.0)) == 0
    assert min(unlike(0.5)) > 0


def test_a_step_of_tied_buckets_draws_from_a_few_in_turn_and_later_from_all():
    recipe = replace(DEFAULT, steps=10, tied=0.5, tied_buckets=2)
    drawn = [recipe.buckets_at(step, 5) for step in range(6)]
    assert drawn == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4], [0, 1, 2, 3, 4]]


def test_while_buckets_are_tied_they_take_the_mean_gradient_of_those_drawn():
    leaf = torch.zeros(3, 1, 2)
    leaf.grad = torch.tensor([[[1.0, 2.0]], [[0.0, 0.0]], [[3.0, 6.0]]])  # none was drawn from 1
    share_gradients([leaf], [0, 2])
    assert leaf.grad.tolist() == [[[2.0, 4.0]]] * 3


def test_samples_that_are_taken_are_those_of_their_buckets(base):
    pairs = EncodedPairs(torch.zeros(3, 16, 16, 16), torch.zeros(3, 16, 16, 16))
    recipe = replace(PAPER, batch=2)
    sample = draw_samples(base, pairs, recipe, torch.Generator().manual_seed(0))
    taken = sample.take([2, 3, 8, 9])
    assert taken.buckets == 2
    assert torch.equal(taken.t, sample.t[[2, 3, 8, 9]])
    assert torch.equal(taken.z_t, sample.z_t[[2, 3, 8, 9]])


def test_every_bucket_has_a_first_and_a_last_loss_however_few_steps_drew_from_it(base, pictures):
    training = made(base, pictures, replace(SHORT, steps=1, tied=1.0))[0].metadata.training
    losses = [*training.instruction.loss_first, *training.instruction.loss_last]
    assert np.isfinite(losses).all()


def test_progress_is_reported(toy):
    _, events = toy
    assert Stage("learning", total=12) in events
    assert [e.done for e in events if isinstance(e, Advance)][-1] == 12


def test_the_same_seed_gives_the_same_bytes(base, pictures):
    first, again, other = (
        encode_brush(made(base, pictures, replace(SHORT, steps=3), seed=seed)[0])
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_brush_from_its_file_edits_as_the_one_just_learned(base, pictures, toy):
    def edited(brush):
        with Editor(base, from_brush(base, brush), scales=Scales(1, 1), steps=3, seed=0) as editor:
            return editor.edit([pictures[3]])[0].after

    assert np.array_equal(edited(toy[0]), edited(decode_brush(encode_brush(toy[0]))))


def test_learning_leaves_the_model_as_it_was(base, pictures):
    before = {k: v.clone() for k, v in base.unet.state_dict().items()}
    processors = dict(base.unet.attn_processors)
    made(base, pictures, replace(SHORT, steps=2))
    assert all(torch.equal(v, before[k]) for k, v in base.unet.state_dict().items())
    assert base.unet.attn_processors == processors


def test_every_bucket_draws_its_own_timesteps(base):
    pairs = EncodedPairs(torch.zeros(3, 16, 16, 16), torch.zeros(3, 16, 16, 16))
    recipe = replace(PAPER, batch=40)
    t = draw_samples(base, pairs, recipe, torch.Generator().manual_seed(0)).t.view(5, 40)
    for k in range(5):
        assert t[k].min() >= 200 * k
        assert t[k].max() < 200 * (k + 1)


def test_a_perfect_prediction_recovers_the_picture(base):
    """z_t and the target are two mixtures of picture and noise: together they give it back."""
    x = torch.randn(2, 16, 16, 16, generator=torch.Generator().manual_seed(1))
    sample = draw_samples(base, EncodedPairs(x, x), PAPER, torch.Generator().manual_seed(0))
    a = base.alpha_bar[sample.t][:, None, None, None]
    recovered = a.sqrt() * sample.z_t - (1 - a).sqrt() * sample.target  # of velocity
    torch.testing.assert_close(recovered, sample.condition, atol=1e-4, rtol=1e-4)


def test_the_paper_recipe_is_the_papers():
    assert (PAPER.steps, PAPER.batch, PAPER.rate, PAPER.buckets) == (1000, 1, 1e-3, 5)
    assert PAPER.tied == 0
    assert PAPER.scales == Scales(7.5, 1.5)
    optimiser = adam([(torch.randn(5, 3, 4) * 7).requires_grad_()], PAPER)
    for step in (0, 500, 999):
        set_rate(optimiser, PAPER, step)
        assert optimiser.param_groups[0]["lr"] == 1e-3


def test_the_default_rate_follows_the_scale_of_the_features(base):
    feature = torch.randn(5, 3, 4)
    small, large = (f.requires_grad_() for f in (feature / 32, feature.clone()))
    instruction = Instruction(feature[:1], torch.zeros(1, 0), {"site": (small, large)})
    units = DiffusionObjective(base, None, DEFAULT).units(instruction, [])
    optimiser = adam([small, large], DEFAULT, units)
    half = DEFAULT.steps // 2
    for step in (0, half):
        set_rate(optimiser, DEFAULT, step)
        rates = [group["lr"] for group in optimiser.param_groups]
        assert rates[1] == pytest.approx(32 * rates[0])
        share = {0: 1, half: 0.5}[step]
        assert rates[1] == pytest.approx(share * DEFAULT.rate * float(feature.std()))


def test_a_brush_for_another_base_is_refused(base, toy):
    brush = toy[0]
    other = replace(brush.metadata.base, id="someone/else", model_sha256="f" * 64)
    foreign = replace(brush, metadata=replace(brush.metadata, base=other))
    with pytest.raises(BrushMismatchError, match="someone/else"):
        from_brush(base, foreign)


def test_a_phrase_that_the_base_cannot_read_is_refused(base, pictures):
    with pytest.raises(PhraseError, match="tokens"):
        made(base, pictures, phrase="make it " + "very " * 60 + "blue")


def test_an_unknown_recipe_is_refused():
    with pytest.raises(UsageError, match="unknown recipe"):
        recipe_called("quick")


@pytest.mark.parametrize("stop_at", [1, 2])
def test_a_stopped_run_goes_on_to_the_same_bytes(base, pictures, tmp_path, stop_at):
    recipe = replace(SHORT, checkpoint_every=4, validations=3, validation_batch=1)
    held_out = (pictures[2:3], pictures[2:3] * 0.5)
    whole, _ = made(base, pictures, recipe, held_out=held_out)
    checkpoint = Stopped(tmp_path / "toy.brush", stop_at)
    with pytest.raises(KeyboardInterrupt):
        made(base, pictures, recipe, held_out=held_out, checkpoint=checkpoint)
    resumed, events = made(base, pictures, recipe, held_out=held_out, checkpoint=checkpoint)
    assert encode_brush(resumed) == encode_brush(whole)
    assert [e.done for e in events if isinstance(e, Advance)] == [10, 12]
    assert re.fullmatch(r"\d+\.\d dB held out \(\d+\.\d without it\)", events[-1].note)
    assert re.fullmatch(r"loss( \d\.\d+){5}, held out \d\.\d+", events[-1].details)


def test_memory_that_does_not_suffice_is_met_by_smaller_parts(base, pictures, monkeypatch):
    honest, gradients = DiffusionObjective.errors, []

    def cramped(objective, sample):
        if len(sample) > 2:
            torch.empty(1 << 60)  # what no machine has
        return honest(objective, sample)

    def kept(optimiser, *_):
        gradients.append([leaf.grad for g in optimiser.param_groups for leaf in g["params"]])

    monkeypatch.setattr(loop, "update", kept)
    made(base, pictures, replace(SHORT, steps=1))
    monkeypatch.setattr(DiffusionObjective, "errors", cramped)
    _, events = made(base, pictures, replace(SHORT, steps=1))
    assert [e.message[-7:] for e in events if isinstance(e, Warned)] == ["2 parts", "4 parts"]
    whole, in_parts = (torch.cat([g.flatten() for g in step]) for step in gradients)
    # Rounding alone; a part left out or weighed wrongly would be off by a quarter.
    assert (in_parts - whole).norm() < 1e-3 * whole.norm()


def test_memory_for_not_even_one_sample_is_an_error_that_says_what_to_do(
    base, pictures, monkeypatch
):
    def none(_objective, _sample):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(DiffusionObjective, "errors", none)
    with pytest.raises(DeviceMemoryError, match="bfloat16 as the dtype"):
        made(base, pictures)


def test_memory_for_not_even_one_picture_is_an_error_that_says_what_to_do(
    base, pictures, monkeypatch
):
    def none(_base, _images):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(type(base), "encode", none)
    with pytest.raises(DeviceMemoryError, match="bfloat16 as the dtype"):
        made(base, pictures)


@pytest.mark.parametrize(
    "error",
    [
        DeviceMemoryError("not even one picture fits into the device's memory"),
        PhotoError("the model moved the picture by 60 pixels of 512 x 512"),
    ],
)
def test_a_figure_to_watch_that_cannot_be_had_stops_no_learning(base, pictures, monkeypatch, error):
    def none(_editor, _images):
        raise error

    monkeypatch.setattr(Editor, "edit", none)
    held_out = (pictures[2:3], pictures[2:3] * 0.5)
    once = replace(SHORT, steps=1, validation_batch=1)
    _, events = made(base, pictures, once, held_out=held_out)
    assert events[-1].note == ""
    assert re.search(r"held out \d\.\d+$", events[-1].details)


def state_after(values, recipe=DEFAULT):
    """Of a run over one feature, j = 2, that stood at `values` when buckets had these errors."""
    feature = torch.zeros(2, 1, 1)
    run = TrainingState(recipe, [feature], None, None)
    for value, errors in values:
        feature.fill_(value)
        run.record_validation(torch.tensor(errors))
    return run, feature


def test_each_bucket_returns_to_where_it_was_best_on_held_out_pairs():
    run, feature = state_after([(1, [0.5, 0.5]), (2, [0.4, 0.6]), (3, [0.45, 0.4])])
    run.return_to_best()
    assert feature.flatten().tolist() == [2, 3]


def test_learning_stops_when_held_out_pairs_gain_nothing_more():
    falling = [(k, [1.0 - 0.1 * k, 1.0 - 0.1 * k]) for k in range(7)]
    run, _ = state_after(falling)
    assert not run.converged()
    for _ in range(6):
        assert not run.converged()
        run.record_validation(torch.tensor([0.4, 0.4]))
    assert run.converged()


def test_when_learning_stops_is_the_recipes():
    falling = [(k, [0.9**k, 0.9**k]) for k in range(4)]
    for change, stops in (
        ({"patience": 3, "min_delta": 0.005}, False),
        ({"patience": 3, "min_delta": 0.3}, True),
        ({"patience": 4, "min_delta": 0.3}, False),
    ):
        run, _ = state_after(falling, replace(DEFAULT, **change))
        assert run.converged() == stops


def test_held_out_pairs_are_evaluated_as_often_as_the_recipe_says():
    for steps, validations, every in ((300, 20, 15), (310, 20, 16), (12, 3, 4), (3, 20, 1)):
        assert replace(DEFAULT, steps=steps, validations=validations).validate_every == every


def test_the_papers_recipe_keeps_its_last_step_whatever_held_out_pairs_say(base, pictures):
    paper = replace(PAPER, steps=4, validation_batch=1)
    alone, _ = made(base, pictures, paper)
    judged, _ = made(base, pictures, paper, held_out=(pictures[2:], 1 - pictures[2:]))
    assert encode_brush(alone) == encode_brush(judged)


def test_learning_in_float16_is_refused(pictures):
    half = open_base(None, torch.device("cpu"), torch.float16)
    with pytest.raises(DeviceError, match="bfloat16"):
        made(half, pictures)
