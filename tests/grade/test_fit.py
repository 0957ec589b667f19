"""Fitting: which parts an edit gets, what must be exact, what must not spoil it."""

import numpy as np
import pytest

from brushctl.errors import PairsError
from brushctl.events import Advance, Stage
from brushctl.grade import apply_grade, fit, judging
from brushctl.grade.fit import fit_grade
from tests.grade.pictures import (
    NAMES,
    auto_gamma,
    in_steps,
    monochrome,
    pairs_of,
    photograph,
    psnr,
    vignette,
    warm,
)


def unseen(edit, size=(160, 200)):
    x = photograph("coffee", size)[:, ::-1]
    return x, in_steps(edit(x))


def test_no_edit_gives_every_byte_back():
    grade = fit_grade(pairs_of(lambda x: x)).grade
    assert grade.lattice is None
    x, _ = unseen(warm)
    assert apply_grade(grade, x).tobytes() == x.tobytes()


def test_a_look_needs_no_network():
    fitted = fit_grade(pairs_of(warm))
    assert fitted.grade.network is None
    x, y = unseen(warm)
    assert psnr(apply_grade(fitted.grade, x), y) > 45


def recoloured(rng):
    """A picture of four colours all over, and other colours in place of them."""
    before, after = rng.random((2, 4, 3)).astype(np.float32)
    where = rng.integers(4, size=(64, 64))
    texture = rng.normal(0, 0.02, (2, 64, 64, 1)).astype(np.float32)
    pictures = (before[where] + texture[0], after[where] + texture[1])
    return tuple(in_steps(np.clip(x, 0, 1)) for x in pictures)


def test_what_one_pair_says_of_other_colours_tells_a_look_from_things_that_are_recoloured():
    look = fit_grade(pairs_of(warm)[:1])
    assert look.elsewhere() > 35
    swapped = fit_grade([recoloured(np.random.default_rng(0))])
    assert swapped.chosen.psnr > 30, "in quarters of its picture the colours are the same"
    assert swapped.elsewhere() < 20


def test_one_pair_is_enough_for_a_look():
    x, y = unseen(warm)
    assert psnr(apply_grade(fit_grade(pairs_of(warm, ["astronaut"])).grade, x), y) > 35


@pytest.fixture(scope="module", autouse=True)
def _fewer_steps():
    """A tenth of the work: what is learned is plain, and the pictures are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "JUDGING_STEPS", 80)
        patch.setattr(fit, "STEPS", 300)
        yield


@pytest.fixture(scope="module")
def told():
    """What is reported while the vignette is learned."""
    return []


@pytest.fixture(scope="module")
def learned_vignette(told):
    return fit_grade(pairs_of(vignette), report=told.append)


def test_a_vignette_is_learned_as_place_and_at_any_size(learned_vignette):
    assert learned_vignette.grade.groups == ("place",)
    for size in ((160, 200), (640, 800)):
        x, y = unseen(vignette, size)
        assert psnr(apply_grade(learned_vignette.grade, x), y) > 40


def test_scores_say_why(learned_vignette):
    by_groups = {(s.method, s.groups): s.psnr for s in learned_vignette.scores}
    assert by_groups["affine", ("place",)] > by_groups["lattice", ()] + 5
    assert by_groups["lattice", ()] > by_groups["untouched", ()]


def test_while_groups_are_tried_decibels_so_far_are_told_beside_what_they_are_to_beat(
    learned_vignette, told
):
    by_groups = {(s.method, s.groups): s.psnr for s in learned_vignette.scores}
    alone = f"colour alone {by_groups['lattice', ()]:.1f}"
    best = max(by_groups["affine", ("place",)], by_groups["lattice", ("place",)])
    begun = told.index(next(e for e in told if isinstance(e, Stage) and "place" in e.name))
    ended = next(k for k, e in enumerate(told) if k > begun and isinstance(e, Stage))
    notes = [event.note for event in told[begun + 1 : ended]]
    assert notes[0] == f"{alone} dB"
    assert notes[-1] == f"{best:.1f} dB ({alone})"
    widest = max(len(event.name) for event in told[:ended] if isinstance(event, Stage))
    beside = 80 - len(" ━━━━━━━━━━━ 600/600 00:02 ")  # of the columns of a terminal
    assert widest + len(notes[-1]) <= beside


def test_what_a_picture_has_of_its_own_is_learned_from_its_tones():
    exposed = [photograph(n) ** power for n in NAMES[:2] for power in (0.5, 0.7, 1, 1.5, 2)]
    grade = fit_grade([(x, in_steps(auto_gamma(x))) for x in exposed], ["tones", "place"]).grade
    assert grade.groups == ("tones",)
    x, y = unseen(auto_gamma)
    assert psnr(apply_grade(grade, x), y) > psnr(x, y) + 5


def test_a_black_and_white_look_is_black_and_white_to_the_bit():
    grade = fit_grade(pairs_of(monochrome)).grade
    noise = np.random.default_rng(0).uniform(-0.2, 1.2, (99, 99, 3)).astype(np.float32)
    assert (np.ptp(apply_grade(grade, noise), axis=2) == 0).all()


def test_greys_black_and_white_stay_under_a_curve():
    pairs = pairs_of(lambda x: x * x * (3 - 2 * x))
    ramp = np.repeat(np.arange(256, dtype=np.float32)[None, :, None] / 255, 3, axis=2)
    for x, y in pairs:
        x[:1, :200] = ramp[:, ::2][:, :128].repeat(2, axis=1)[:, :200]
        x[1:5, :30], x[5:9, :30] = 0, 1
        y[:9] = in_steps(x[:9] * x[:9] * (3 - 2 * x[:9]))
    grade = fit_grade(pairs).grade
    graded = apply_grade(grade, ramp)
    assert (np.ptp(graded, axis=2) == 0).all()
    assert graded[0, 0, 0] == 0
    assert graded[0, 255, 0] == 1


def test_a_healed_region_in_one_pair_does_not_spoil_the_look():
    pairs = pairs_of(warm)
    pairs[1][1][40:100, 60:120] = pairs[1][1][:60, :60]  # 11 % of the picture
    x, y = unseen(warm)
    assert psnr(apply_grade(fit_grade(pairs).grade, x), y) > 42


def test_the_same_pairs_and_seed_give_the_same_grade():
    pairs = pairs_of(vignette, ["astronaut", "rocket"], (80, 100))
    one, two = (fit_grade(pairs, ["place"], seed=3).grade for _ in range(2))
    assert one.network is not None
    x, _ = unseen(vignette)
    assert apply_grade(one, x).tobytes() == apply_grade(two, x).tobytes()


def test_progress_is_told_and_what_the_caller_raises_ends_the_work():
    told = []
    fit_grade(pairs_of(warm, ["astronaut"]), report=told.append)
    assert told[0] == Stage("reading pairs")
    assert Advance(1) in told

    def stop(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_grade(pairs_of(warm, ["astronaut"]), report=stop)


@pytest.mark.parametrize("value", [0.0, 0.02, 0.6])
def test_a_flat_pair_gives_a_grade_that_meets_it_and_is_finite(value):
    flat = np.full((40, 50, 3), value, np.float32)
    grade = fit_grade([(flat, flat * 0.5 + 0.1)]).grade
    assert apply_grade(grade, flat) == pytest.approx(flat * 0.5 + 0.1, abs=2e-3)
    assert np.isfinite(apply_grade(grade, photograph("rocket"))).all()


def test_one_dark_pair_keeps_its_slope_in_the_light():
    dark = photograph("astronaut") * np.float32(0.1)
    grade = fit_grade([(dark, dark * 1.5)]).grade
    graded = apply_grade(grade, photograph("rocket"))
    assert np.abs(graded - photograph("rocket") * 1.5).mean() < 0.05


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (np.zeros((4, 5, 3)), np.zeros((5, 4, 3)), "before is 5 x 4"),
        (np.zeros((4, 5)), np.zeros((4, 5)), "no picture"),
        (np.zeros((0, 5, 3)), np.zeros((0, 5, 3)), "pair 1"),
        (np.full((4, 5, 3), np.nan), np.zeros((4, 5, 3)), "not numbers"),
    ],
)
def test_pairs_that_do_not_fit_are_refused_by_number(before, after, said):
    with pytest.raises(PairsError, match=said):
        fit_grade([(before, after)])


def test_no_pairs_are_refused():
    with pytest.raises(PairsError, match="no pair"):
        fit_grade([])


def test_a_sample_of_every_size():
    for size in ((1, 1), (1, 40), (3, 700)):
        x = photograph(NAMES[0], size)
        assert fit_grade([(x, x * np.float32(0.5))]).grade is not None
