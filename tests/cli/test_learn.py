"""`brushctl learn`: from pairs on the disk to a brush in the cache, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from brushctl.app import training_run
from brushctl.brushes.file import read_brush
from brushctl.engine.phrases import unique_phrase as phrasing
from brushctl.engine.sampler import Editor
from brushctl.engine.training import diffusion, recipes
from brushctl.errors import DeviceMemoryError
from brushctl.tiny.world.pictures import draw_picture
from tests.cli.shell import save

LEARN = ("learn", "pairs", "--parts", "instruction")


def test_pairs_become_a_brush_that_inspect_and_apply_take_by_name(shell):
    out, err = shell.run(*LEARN, "-o", "dim")
    assert out == b""
    assert "initial phrase" in err
    assert "learned dim from 3 pairs\n" in err  # the losses are for whoever asks
    metadata = shell.brush("dim").metadata
    assert metadata.base.id == "tiny-ip2p"
    assert len(metadata.training.pairs_sha256) == 3
    assert "learned from  3 pairs" in shell.text("inspect", "dim")
    shell.run("apply", "dim", "pairs/before", "-o", "edited")
    assert Image.open(shell.folder / "edited/0.png").size == (96, 96)


def test_a_phrase_of_ones_own_is_where_learning_starts(shell):
    learned = shell.json(*LEARN, "-o", "dim.brush", "--phrase", "make it darker")
    assert learned["metadata"]["instruction"]["phrase"] == "make it darker"
    assert (shell.folder / "dim.brush").is_file()
    assert shell.cached() == []


def test_a_single_pair_is_learned_in_fewer_steps_unless_one_says(shell):
    def steps(*said):
        learned = shell.json(*LEARN, "-o", "dim", "--no-phrase", "--overwrite", *said)
        return learned["metadata"]["training"]["instruction"]["steps"]

    assert steps("--hold-out", "1") == 4
    assert steps("--hold-out", "2") == 3
    assert steps("--hold-out", "2", "--steps", "2") == 2


def test_empty_words_are_no_words(shell):
    empty, none = (
        shell.json(*LEARN, "-o", name, *said)["metadata"]
        for name, said in (("empty", ("--phrase", "")), ("none", ("--no-phrase",)))
    )
    assert "phrase" not in empty["instruction"]
    assert empty["content_sha256"] == none["content_sha256"] != ""


def test_the_number_of_steps_is_ones_own_choice(shell):
    learned = shell.json(*LEARN, "-o", "dim", "--no-phrase", "--steps", "2")
    assert learned["metadata"]["training"]["instruction"]["steps"] == 2


@pytest.mark.parametrize("steps", ["0", "1000001"])
def test_steps_that_no_brush_may_have_are_refused_at_once(shell, steps):
    _, err = shell.run("learn", "nowhere", "-o", "dim", "--steps", steps, status=2)
    assert "--steps: must be a number from 1 to 1000000" in err


def test_more_pairs_than_a_brush_can_list_are_refused_before_they_are_read(shell):
    for k in range(4097):
        for side in ("before", "after"):
            (shell.folder / f"pairs/{side}/more-{k}.png").touch()
    _, err = shell.run(*LEARN, "-o", "dim", "--hold-out", "0", status=2)
    assert "pairs to learn from: must be a number from 1 to 4096" in err


def test_brushes_of_different_phrases_blend(shell):
    shell.run(*LEARN, "-o", "dim", "--phrase", "make it darker")
    shell.run(*LEARN, "-o", "dusk", "--phrase", "turn daylight into a dark night")
    shell.run("mix", "dim:0.7", "dusk:0.3", "-o", "both")
    assert shell.brush("both").metadata.instruction.m == recipes.DEFAULT.least_m


def test_the_same_command_makes_the_same_bytes(shell):
    for name in ("a/dim.brush", "b/dim.brush"):
        shell.run(*LEARN, "-o", name, "--no-phrase", "--seed", "5")
    one, other = ((shell.folder / name).read_bytes() for name in ("a/dim.brush", "b/dim.brush"))
    assert one == other


REFUSED = {
    "nothing there": (["missing", "-o", "x"], 2, "missing"),
    "no name": (["pairs"], 2, "-o NAME"),
    "a name that is a path's": (["pairs", "-o", ".."], 2, "not a valid brush name"),
    "phrase and none": (["pairs", "-o", "x", "--phrase", "a", "--no-phrase"], 2, "contradict"),
    "words for a grade": (
        ["pairs", "-o", "x", "--parts", "grade", "--phrase", "warm"],
        2,
        "--phrase is for an instruction, which --parts grade does without",
    ),
    "no words for a grade": (
        ["pairs", "-o", "x", "--parts", "grade", "--no-phrase"],
        2,
        "--no-phrase is for an instruction",
    ),
    "an unknown recipe": (["pairs", "-o", "x", "--recipe", "quick"], 2, "default, paper"),
    "an unknown device": (["pairs", "-o", "x", "--device", "warp"], 2, "unknown device"),
    "a device that is not here": (["pairs", "-o", "x", "--device", "cuda:99"], 2, "no such device"),
    "a base that is not here": (
        ["pairs", "-o", "x", "--base", "timbrooks/instruct-pix2pix"],
        6,
        "Meanwhile --base tiny-ip2p",
    ),
    "a format without gradients, before a base is looked for": (
        ["pairs", "-o", "x", "--dtype", "float16", "--base", "no/base"],
        2,
        "gradients vanish in float16",
    ),
    "a folder for a brush": (["pairs", "-o", "./pairs"], 2, "folder"),
    "a file that is no brush's": (["pairs", "-o", "./dim"], 2, "dim.brush"),
    "a phrase of two lines": (["pairs", "-o", "x", "--phrase", "a\nb"], 2, "control characters"),
    "a name of two lines": (["pairs", "-o", "./a\nb.brush"], 2, "must not have control"),
    "a negative seed": (["pairs", "-o", "x", "--seed", "-1"], 2, "--seed"),
    "a phrase too long": (["pairs", "-o", "x", "--phrase", "very " * 80], 2, "tokens"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused_with_what_to_do_and_leaves_nothing(
    shell, case, monkeypatch
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    arguments, status, told = REFUSED[case]
    _, err = shell.run("learn", "--parts", "instruction", *arguments, status=status)
    assert told in " ".join(err.split())
    assert "Traceback" not in err
    assert shell.cached() == []


def test_a_one_sided_pair_is_named(shell):
    (shell.folder / "pairs/after/1.png").unlink()
    _, err = shell.run(*LEARN, "-o", "x", status=2)
    assert "before/1.png" in err


def test_a_corrupt_picture_is_named(shell):
    path = shell.folder / "pairs/after/1.png"
    path.write_bytes(path.read_bytes()[:200])
    _, err = shell.run(*LEARN, "-o", "x", status=2)
    assert "1.png" in err
    assert "Replace or remove the pair" in " ".join(err.split())


def test_a_taken_name_is_refused_before_the_work_and_replaced_if_asked(shell):
    shell.run(*LEARN, "-o", "dim", "--no-phrase")
    before = shell.brush("dim")
    _, err = shell.run(*LEARN, "-o", "dim", "--no-phrase", "--seed", "1", status=2)
    assert "--overwrite" in err
    assert shell.brush("dim").metadata == before.metadata
    shell.run(*LEARN, "-o", "dim", "--no-phrase", "--seed", "1", "--overwrite")
    assert shell.brush("dim").metadata.training.seed == 1


def test_memory_that_does_not_suffice_is_told_and_met_by_smaller_parts(shell, monkeypatch):
    honest = diffusion.brush_errors

    def cramped(guidance, sample):
        if len(sample.t) > 1:
            torch.empty(1 << 60)  # what no machine has
        return honest(guidance, sample)

    monkeypatch.setattr(diffusion, "brush_errors", cramped)
    _, err = shell.run(*LEARN, "-o", "dim", "--no-phrase", "--steps", "1")
    assert "warning: out of memory: going on with the samples of a step in 2 parts" in err
    assert shell.brush("dim").metadata.training.instruction.batch == 1


def test_held_out_pairs_judge_the_brush_and_their_figures_are_kept(shell):
    _, err = shell.run(*LEARN, "-o", "dim", "--no-phrase", "--hold-out", "1")
    assert "on 1 pair it did not learn from" in err
    training = shell.brush("dim").metadata.training
    assert len(training.pairs_sha256) == 2
    assert training.held_out.pairs == 1
    assert training.held_out.psnr_unedited > 0
    assert "held out" in shell.text("inspect", "dim")


def test_cross_validation_judges_by_every_pair_and_learns_from_all(shell):
    command = (*LEARN, "--no-phrase", "--overwrite")
    told = shell.json(*command, "-o", "dim.brush", "--cross-validate")
    assert told["judged"]["pairs"] == 3
    assert told["judged"]["on"].endswith("each with a brush of the others")
    judged = read_brush(shell.folder / "dim.brush")
    assert judged.metadata.training.held_out.folds == 3
    assert "on 3 pairs with brushes of the others" in shell.text("inspect", "./dim.brush")
    shell.run(*command, "-o", "dim.brush", "--hold-out", "0")
    alone = read_brush(shell.folder / "dim.brush")
    assert alone.metadata.training.held_out is None
    assert all(np.array_equal(alone.tensors[key], judged.tensors[key]) for key in judged.tensors)
    assert sorted(p.name for p in shell.folder.glob("*dim*")) == ["dim.brush", "dim.brush.png"]


def test_folds_are_learned_with_the_recipe_of_as_many_pairs_as_they_have(shell, monkeypatch):
    steps, honest = [], training_run.make_brush

    def noting(*arguments, recipe, **more):
        steps.append(recipe.steps)
        return honest(*arguments, recipe=recipe, **more)

    monkeypatch.setattr(training_run, "make_brush", noting)
    (shell.folder / "pairs/before/2.png").unlink()
    (shell.folder / "pairs/after/2.png").unlink()
    shell.run(*LEARN, "-o", "dim", "--no-phrase", "--cross-validate")
    assert steps == [3, 3, 4]


def test_no_fold_starts_from_a_phrase_that_the_pair_it_is_judged_by_has_named(shell, monkeypatch):
    asked = []
    honest = phrasing.ClipFeatures.phrasing

    def phrased(seen):
        asked.append(len(seen.before))
        return honest(seen)

    monkeypatch.setattr(phrasing.ClipFeatures, "phrasing", phrased)
    monkeypatch.setitem(
        recipes.RECIPES, "default", replace(recipes.DEFAULT, steps=1, steps_for_one=None)
    )
    _, err = shell.run(*LEARN, "-o", "dim", "--cross-validate")
    assert asked == [2, 2, 2, 3]
    assert err.count("reading phrases") == 1
    assert err.count("initial phrase: ") == 4


@pytest.mark.parametrize("how", [(), ("--cross-validate",)], ids=["plain", "folds"])
def test_a_brush_that_cannot_be_judged_is_kept_all_the_same(shell, monkeypatch, how):
    def full(*_):
        raise DeviceMemoryError("not even one picture fits into the device's memory")

    shell.run(*LEARN, "-o", "dim", "--no-phrase")
    monkeypatch.setattr(Editor, "edit", full)
    command = (*LEARN, "-o", "dim", "--no-phrase", "--overwrite", "--seed", "1")
    out, err = shell.run(*command, *how, "--json")
    assert "warning: the brush is kept, but cannot be judged: not even one picture fits" in err
    assert shell.brush("dim").metadata.training.seed == 1
    assert shell.cached() == ["dim.brush"]  # no sheet of what was there before
    told = json.loads(out)
    assert told["judged"] is told["sheet"] is None


def test_the_papers_recipe_learns_from_all_pairs_unless_told(shell, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "paper", replace(recipes.PAPER, steps=1))
    for k in range(3, 6):
        pixels = draw_picture(np.random.default_rng(k), 96).pixels
        save(shell.folder / f"pairs/before/{k}.png", pixels)
        save(shell.folder / f"pairs/after/{k}.png", pixels * 0.5)
    for more, learned_from in ((("--recipe", "paper"), 6), ((), 5)):
        command = (*LEARN, "-o", "x", "--no-phrase", "--overwrite", "--steps", "1")
        training = shell.json(*command, *more)["metadata"]["training"]
        assert len(training["pairs_sha256"]) == learned_from


def test_one_pair_is_learned_from_and_not_cross_validated(shell):
    for side in ("before", "after"):
        for k in (1, 2):
            (shell.folder / f"pairs/{side}/{k}.png").unlink()
    _, err = shell.run(*LEARN, "-o", "dim", "--cross-validate", status=2)
    assert "--cross-validate: cross-validation needs two pairs or more" in err
    _, err = shell.run(*LEARN, "-o", "dim", "--no-phrase", "--steps", "1", "-v")
    assert "learned dim from 1 pair: loss " in err


def test_without_held_out_pairs_the_brush_claims_nothing(shell, monkeypatch):
    monkeypatch.setattr(training_run, "SHOWN_PAIRS", 4)
    _, err = shell.run(*LEARN, "-o", "dim", "--phrase", "make it darker")
    assert "on 3 pairs it learned from" in err
    assert "(unedited " in err
    assert "phrase alone" in err
    assert shell.brush("dim").metadata.training.held_out is None


def test_holding_out_every_pair_is_refused(shell):
    _, err = shell.run(*LEARN, "-o", "dim", "--hold-out", "3", status=2)
    assert "leaves none to learn from" in err


def test_a_contact_sheet_lies_beside_the_brush_and_goes_where_it_goes(shell):
    shell.run(*LEARN, "-o", "dim", "--no-phrase")
    assert shell.cached() == ["dim.brush", "dim.brush.png"]
    assert Image.open(shell.folder / "home/brushes/dim.brush.png").format == "PNG"
    shell.run("rename", "dim", "dusk")
    assert shell.cached() == ["dusk.brush", "dusk.brush.png"]
    shell.run("rm", "dusk")
    assert shell.cached() == []
