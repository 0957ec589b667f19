"""`brushctl learn --batch`: a list of sets of pairs becomes as many brushes."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from brushctl.app.learn_many import LearningJob, LearningWorker
from brushctl.app.learning_settings import LearningSettings, Parts
from brushctl.brushes.file import read_brush
from brushctl.engine.model.find import EMBEDDED
from brushctl.engine.training import recipes
from brushctl.engine.training.state import TrainingState
from brushctl.runs.journal import Journal
from brushctl.runs.plan import STATE
from brushctl.runs.records import Source
from brushctl.tiny.world.pictures import draw_picture
from tests.cli.shell import Shell, save

INSTRUCTION = ("--no-phrase", "--parts", "instruction")
SETS = {"dim": 0.5, "dusk": 0.3}


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch):
    """A shell in a folder with two sets of two pairs, where learning takes two steps.

    One pair that it learned from is enough to judge a brush by.
    """
    for seed, (name, light) in enumerate(SETS.items()):
        rng = np.random.default_rng(seed)
        for k in range(2):
            pixels = draw_picture(rng, 64).pixels
            save(tmp_path / f"sets/{name}/before/{k}.png", pixels)
            save(tmp_path / f"sets/{name}/after/{k}.png", pixels * light)
    monkeypatch.setitem(
        recipes.RECIPES, "default", replace(recipes.DEFAULT, steps=2, steps_for_one=None)
    )
    monkeypatch.setattr("brushctl.app.training_run.SHOWN_PAIRS", 1)
    return Shell(tmp_path, capfdbinary)


def listed(shell, *rows: dict) -> None:
    with (shell.folder / "sets/list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)


def learned(shell, *arguments, status=0) -> list[dict]:
    command = ("learn", "sets/list.csv", "--batch", *INSTRUCTION, *arguments, "--json")
    return [json.loads(line) for line in shell.text(*command, status=status).splitlines()]


def counts(events) -> tuple[int, int, int]:
    summary = events[-1]
    return summary["done"], summary["unchanged"], summary["failed"]


def test_each_set_becomes_the_brush_that_learn_makes_of_it_alone(shell):
    listed(shell, {"pairs": "dim"}, {"pairs": "dusk", "name": "evening", "steps": 1, "seed": 5})
    assert counts(learned(shell, "-o", "brushes")) == (2, 0, 0)
    shell.run("learn", "sets/dim", *INSTRUCTION, "-o", "alone/dim.brush")
    how = (*INSTRUCTION, "--steps", "1", "--seed", "5")
    shell.run("learn", "sets/dusk", *how, "-o", "alone/evening.brush")
    for name in ("dim.brush", "evening.brush"):
        alone = (shell.folder / "alone" / name).read_bytes()
        assert (shell.folder / "brushes" / name).read_bytes() == alone
        assert (shell.folder / f"brushes/{name}.png").exists()


def test_only_what_is_missing_or_changed_is_learned_again(shell):
    rows = [{"pairs": "dim"}, {"pairs": "dusk", "steps": ""}]
    listed(shell, *rows)
    assert counts(learned(shell)) == (2, 0, 0)
    assert counts(learned(shell)) == (0, 2, 0)
    (shell.folder / "home/brushes/dim.brush").unlink()
    assert [e["file"] for e in learned(shell)[:-1]] == ["dim"]
    rows[1]["steps"] = "1"
    listed(shell, *rows)
    assert [e["file"] for e in learned(shell)[:-1]] == ["dusk"]
    assert shell.brush("dusk").metadata.training.instruction.steps == 1
    shutil.copy(shell.folder / "sets/dusk/after/0.png", shell.folder / "sets/dim/after/0.png")
    assert [e["file"] for e in learned(shell)[:-1]] == ["dim"]
    assert counts(learned(shell, "--overwrite")) == (2, 0, 0)


def test_a_brush_of_other_weights_under_the_same_name_is_learned_again(shell):
    folder = shell.folder / "base"
    shutil.copytree(EMBEDDED, folder)
    listed(shell, {"pairs": "dim"})
    command = ("-o", "brushes", "--base", str(folder))
    assert counts(learned(shell, *command)) == (1, 0, 0)
    assert counts(learned(shell, *command)) == (0, 1, 0)
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["conv_out.bias"] += 0.1
    save_file(tensors, weights)
    assert counts(learned(shell, *command)) == (1, 0, 0)
    folder.rename(shell.folder / "elsewhere")
    assert counts(learned(shell, *command)) == (0, 1, 0)


def test_a_set_that_fails_stops_no_other_and_is_tried_again(shell):
    (shell.folder / "sets/dim/after/0.png").write_bytes(b"no picture")
    listed(shell, {"pairs": "dim"}, {"pairs": "nowhere"}, {"pairs": "dusk"})
    events = learned(shell, status=3)
    failed = {e["file"]: e["error"]["code"] for e in events[:-1] if e["error"]}
    assert failed == {"dim": "pairs", "nowhere": "pairs"}
    assert counts(events) == (1, 0, 2)
    shutil.copy(shell.folder / "sets/dusk/after/0.png", shell.folder / "sets/dim/after/0.png")
    assert counts(learned(shell, status=3)) == (1, 1, 1)


def test_where_all_fail_the_status_is_4(shell):
    listed(shell, {"pairs": "dim", "recipe": "none such"}, {"pairs": "nowhere"})
    _, err = shell.run("learn", "sets/list.csv", "--batch", status=4)
    assert "failed: dim: --recipe none such: unknown recipe" in err
    assert "failed: nowhere: there is nothing here" in err


def test_a_set_that_fails_is_told_of_by_its_brush_s_name(shell):
    listed(shell, {"name": "grey", "pairs": "dim", "recipe": "none such"})
    _, err = shell.run("learn", "sets/list.csv", "--batch", "-o", "brushes", status=4)
    assert "failed: grey: --recipe none such: unknown recipe" in err


def test_a_set_that_fails_by_one_pair_names_the_pair(shell):
    (shell.folder / "sets/dim/after/0.png").write_bytes(b"no picture")
    listed(shell, {"pairs": "dim"})
    _, err = shell.run("learn", "sets/list.csv", "--batch", status=4)
    told = next(line for line in err.splitlines() if line.startswith("failed: dim: "))
    assert "0.png" in told


def test_a_brush_that_no_list_made_is_never_replaced_unless_asked(shell):
    shell.run("learn", "sets/dusk", *INSTRUCTION, "-o", "dim")
    before = shell.brush("dim").metadata
    listed(shell, {"pairs": "dim"})
    for _ in range(2):  # a failure does not make it the list's own
        (told, _) = learned(shell, status=4)
        assert told["error"]["code"] == "brush-exists"
        assert shell.brush("dim").metadata == before
    assert counts(learned(shell, "--overwrite")) == (1, 0, 0)
    shell.run("learn", "sets/dusk", *INSTRUCTION, "-o", "dim", "--overwrite")
    assert counts(learned(shell, status=4)) == (0, 0, 1)
    assert shell.brush("dim").metadata == before


def test_a_brush_that_came_to_lie_where_a_set_had_failed_is_not_replaced(shell):
    listed(shell, {"pairs": "dim"})
    whole = {path: path.read_bytes() for path in (shell.folder / "sets/dim/after").iterdir()}
    for path, data in whole.items():
        path.write_bytes(data[:99])
    assert counts(learned(shell, status=4)) == (0, 0, 1)
    shell.run("learn", "sets/dusk", *INSTRUCTION, "-o", "dim")
    before = shell.brush("dim").metadata
    for path, data in whole.items():
        path.write_bytes(data)
    (told, _) = learned(shell, status=4)
    assert told["error"]["code"] == "brush-exists"
    assert shell.brush("dim").metadata == before


def test_two_lists_do_not_replace_each_other_s_brush_of_one_name(shell):
    listed(shell, {"pairs": "dim", "name": "portraits"})
    assert counts(learned(shell)) == (1, 0, 0)
    mine = shell.brush("portraits").metadata
    listed(shell, {"pairs": "dusk", "name": "portraits"})
    (told, _) = learned(shell, status=4)
    assert told["error"]["code"] == "brush-exists"
    assert shell.brush("portraits").metadata == mine


def test_a_brush_that_a_killed_run_could_not_tell_of_is_the_lists_own(shell):
    listed(shell, {"pairs": "dim"})
    assert counts(learned(shell, "-o", "out")) == (1, 0, 0)
    journal = shell.folder / "out" / STATE / "journal.jsonl"
    settings, sent, _done = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(settings + sent)
    assert counts(learned(shell, "-o", "out")) == (1, 0, 0)


def test_a_stopped_run_goes_on_where_it_was(shell, monkeypatch):
    often = replace(recipes.RECIPES["default"], checkpoint_every=1)
    monkeypatch.setitem(recipes.RECIPES, "default", often)
    listed(shell, {"pairs": "dim"}, {"pairs": "dusk"})
    assert counts(learned(shell, "-o", "whole")) == (2, 0, 0)
    steps = []

    def converged(run):
        steps.append(run.step)
        if len(steps) == 4:  # the second step of the second set
            raise KeyboardInterrupt
        return False

    with monkeypatch.context() as patch:
        patch.setattr(TrainingState, "converged", converged)
        command = ("learn", "sets/list.csv", "--batch", *INSTRUCTION, "-o", "stopped", "--json")
        lines = shell.text(*command, status=130)
    first, last = map(json.loads, lines.splitlines())
    assert (first["event"], last["event"]) == ("brush", "error")
    assert last["error"]["do"] == "Run the same command again to go on."
    steps.clear()
    monkeypatch.setattr(TrainingState, "converged", lambda run: bool(steps.append(run.step)))
    assert counts(learned(shell, "-o", "stopped")) == (1, 1, 0)
    assert steps == [1]
    whole, gone_on = (read_brush(shell.folder / f"{f}/dusk.brush") for f in ("whole", "stopped"))
    assert whole.metadata == gone_on.metadata


def test_what_a_process_that_died_has_left_is_no_obstacle_to_the_next(shell):
    pairs, target = shell.folder / "sets/dim", shell.folder / "dim.brush"
    settings = LearningSettings(no_phrase=True, parts=Parts.INSTRUCTION)
    job = LearningJob("dim", pairs, target, settings, {}, Source(), anew=False)
    worker = LearningWorker("cpu", None)
    (shell.folder / ".dim.brush.checkpoint").write_bytes(b"of other settings")
    (first,) = worker([job])
    (again,) = worker([job])  # a brush is there, and was never told of
    assert first.status == again.status == "done"
    assert first.result == again.result


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"pairs": "dim"}, {"pairs": "dusk", "name": "dim"}], "two sets"),
        ([{"pairs": "dim", "step": "3"}], "no option step"),
        ([{"pairs": "dim", "steps": "0"}], "steps cannot be '0'"),
        ([{"pairs": "dim", "seed": 2**53}], "seed cannot be '9007199254740992'"),
        ([{"pairs": "dim", "align": "perhaps"}], "align cannot be 'perhaps'"),
        ([{"pairs": "", "name": "dim"}], "does not name its pairs"),
        ([{"pairs": "dim", "name": "../dim"}], "not a valid brush name"),
    ],
)
def test_a_malformed_list_is_refused_before_anything_is_learned(shell, rows, told):
    listed(shell, *rows)
    _, err = shell.run("learn", "sets/list.csv", "--batch", status=2)
    assert told in err
    assert shell.cached() == []


@pytest.mark.parametrize("arguments", [("--check-only",), ("-o", "x.brush")])
def test_what_is_for_one_set_is_refused(shell, arguments):
    listed(shell, {"pairs": "dim"})
    shell.run("learn", "sets/list.csv", "--batch", *arguments, status=2)


def test_a_format_without_gradients_is_refused_before_a_base_is_loaded(shell):
    listed(shell, {"pairs": "dim"})
    command = ("learn", "sets/list.csv", "--batch", *INSTRUCTION, "--base", "./none")
    _, err = shell.run(*command, "--dtype", "float16", status=2)
    assert "gradients vanish in float16" in err


def test_a_cluster_learns_many_brushes_not_one(shell):
    shell.run("learn", "sets/dim", "-o", "dim", "--engine", "ray", status=2)


CLUSTER = (("--ray-address", "auto"), ("--workers", "1"), ("--cores", "2"), ("--per-gpu", "2"))


@pytest.mark.parametrize("option", CLUSTER, ids=" ".join)
@pytest.mark.parametrize("command", [("learn", "sets/dim", "-o", "dim"), ("bench",)], ids=" ".join)
def test_what_is_for_a_cluster_is_refused_without_one(shell, command, option):
    _, err = shell.run(*command, *option, status=2)
    assert f"{option[0]} is for a cluster" in err
    assert "--engine ray" in err
    assert not shell.cached()


def test_a_second_run_into_the_same_folder_is_no_error_and_no_word_in_a_quiet_one(shell):
    listed(shell, {"pairs": "dim"})
    command = ("learn", "sets/list.csv", "--batch", "-o", "brushes")
    with Journal(shell.folder / "brushes" / STATE):
        _, err = shell.run(*command)
        assert err == f"{shell.folder}/brushes: another run is at work on this output\n"
        assert shell.run(*command, "--quiet") == (b"", "")


def test_a_brush_that_was_labelled_is_still_the_lists_own(shell):
    listed(shell, {"pairs": "dim"})
    assert counts(learned(shell)) == (1, 0, 0)
    shell.run("label", "dim", "--author", "Anna")
    assert counts(learned(shell)) == (0, 1, 0)
    listed(shell, {"pairs": "dim", "seed": "1"})
    assert counts(learned(shell)) == (1, 0, 0)


def test_names_that_some_disks_take_for_one_are_two_too_many(shell):
    listed(shell, {"pairs": "dim", "name": "Dusk"}, {"pairs": "dusk"})
    (event,) = learned(shell, status=2)
    assert "two sets" in event["error"]["what"]
