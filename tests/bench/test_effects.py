"""TOP-Bench mini is what the paper's Table 3 says, and what the base does not know is kept so."""

import re

import numpy as np
import pytest
from PIL import Image

from brushctl.bench.effects import (
    DRAWN,
    KEPT_BACK,
    TABLE_3,
    TEST,
    TRAIN,
    draw_effects,
    held_out,
)
from brushctl.bench.folder import effects_in, load_effect
from brushctl.errors import PairsError, UsageError
from brushctl.tiny.world.edits import EDITS
from brushctl.tiny.world.looks import UNNAMED

NAMES = list(TABLE_3)


@pytest.fixture(scope="module")
def effects():
    return draw_effects(NAMES, 64, seed=0)


def test_there_are_14_global_and_11_local_effects_of_15_pairs(effects):
    assert list(DRAWN) == NAMES
    assert [e.scope for e in effects].count("global") == 14
    assert [e.scope for e in effects].count("local") == 11
    for e in effects:
        assert e.train[0].shape == e.train[1].shape == (TRAIN, 64, 64, 3)
        assert e.test[0].shape == e.test[1].shape == (TEST, 64, 64, 3)


def test_every_pair_shows_its_edit_and_local_ones_leave_most_of_the_picture(effects):
    for e in effects:
        changed = np.abs(e.train[1] - e.train[0]).max(-1) > 0.03
        assert changed.any(axis=(1, 2)).all(), e.name
        if e.scope == "local":
            assert changed.mean() < 0.5, e.name


def test_the_same_seed_draws_the_same_pictures_whichever_effects_are_asked_for(effects):
    (alone,) = draw_effects(["lava"], 64, seed=0)
    np.testing.assert_array_equal(alone.train[0], effects[NAMES.index("lava")].train[0])
    (other,) = draw_effects(["lava"], 64, seed=1)
    assert not np.array_equal(other.train[0], alone.train[0])


def test_nine_effects_are_unknown_to_the_base():
    assert sorted(filter(held_out, NAMES)) == sorted(KEPT_BACK)
    assert len(KEPT_BACK) == 9


@pytest.mark.parametrize(
    ("edit", "asked"),
    [
        ("sky", "the sky purple|into a purple sky|it into a purple sky"),
        ("cake", "it a chocolate cake|into a chocolate cake"),
        ("animal", "the cat into a bear|a cat into a bear"),
        ("drink", "make it lemonade|into lemonade"),
        ("ground", "into lava"),
        ("lamp", "the lights heart|into heart traffic lights"),
        ("duotone", "blue and yellow duotone"),
    ],
)
def test_no_training_instruction_asks_for_a_change_that_is_kept_back(edit, asked):
    rng = np.random.default_rng(5)
    said = [EDITS[edit].make(rng, 64).instruction for _ in range(60)]
    assert len(set(said)) > 5
    assert not [words for words in said if re.search(f"({asked})$", words)]


def test_training_asks_for_every_filter_but_the_one_that_is_kept_back():
    rng = np.random.default_rng(5)
    said = {EDITS["filter"].make(rng, 64).instruction for _ in range(60)}
    asked = ("yellow", "orange", "green", "blue")
    assert said == {f"black and white, {name} filter" for name in asked}


def test_no_training_edit_is_a_look_that_is_kept_back():
    assert not set(UNNAMED) & set(EDITS)


def test_fewer_shots_leave_the_reference_of_directions_whole(effects):
    one = effects[0].limited(1, 2).limited(1, 1)
    assert (len(one.train[0]), len(one.test[0])) == (1, 1)
    assert one.reference is effects[0].train


def test_more_shots_than_there_are_pairs_are_refused(effects):
    with pytest.raises(UsageError, match="10 training pairs"):
        effects[0].limited(11, None)


def save_pair(folder, k, value):
    for side, extra in (("before", 0), ("after", 40)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (20, 16), (value, 10 * k, extra))
        picture.save(folder / side / f"{k}.png")


def test_a_folder_is_read_with_its_words_from_table_3(tmp_path):
    for k in range(2):
        save_pair(tmp_path / "Cloud_Kitty" / "train", k, 10)
    save_pair(tmp_path / "Cloud_Kitty" / "test", 0, 10)
    there = effects_in(tmp_path)
    assert list(there) == ["cloud kitty"]
    effect = load_effect("cloud kitty", there["cloud kitty"], 16)
    assert effect.instruction == "Make the cat into a bear"
    assert (effect.scope, effect.held_out) == ("local", False)
    assert effect.train[0].shape == (2, 16, 16, 3)
    assert effect.test[0].shape == (1, 16, 16, 3)


def test_of_pairs_without_train_and_test_the_first_ten_are_for_training(tmp_path):
    for k in range(12):
        save_pair(tmp_path / "my look", k, 20)
    with pytest.raises(PairsError, match=r"instruction\.txt"):
        load_effect("my look", tmp_path / "my look", 16)
    (tmp_path / "my look" / "instruction.txt").write_bytes("rends-le doré".encode("latin-1"))
    with pytest.raises(PairsError, match=r"instruction\.txt.*UTF-8"):
        load_effect("my look", tmp_path / "my look", 16)
    (tmp_path / "my look" / "instruction.txt").write_text("make it mine\n")
    effect = load_effect("my look", tmp_path / "my look", 16)
    assert (len(effect.train[0]), len(effect.test[0])) == (10, 2)
    greens = effect.test[0][:, 0, 0, 1] * 255
    assert greens.round().tolist() == [100, 110]  # the eleventh and the twelfth, by number
    assert (effect.instruction, effect.scope) == ("make it mine", "")
