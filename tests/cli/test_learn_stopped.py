"""`brushctl learn`, stopped by the user or by the disk: what is kept, and what goes on."""

import errno
import os
import signal
import time
from dataclasses import replace

import pytest

from brushctl.app import grading, learn
from brushctl.brushes.file import read_brush
from brushctl.engine.training import recipes
from brushctl.engine.training.state import TrainingState
from brushctl.grade.fit import fit_grade
from tests.grade.makers import WARM

LEARN = ("learn", "pairs", "--parts", "instruction")


def test_a_run_stopped_by_the_user_is_taken_up_again_to_the_same_bytes(shell, monkeypatch):
    """An instruction over a grade, which is fitted again."""
    often = replace(recipes.RECIPES["default"], checkpoint_every=1)
    monkeypatch.setitem(recipes.RECIPES, "default", often)
    command = ("learn", "pairs", "-o", "dim.brush", "--no-phrase", "--parts", "both")
    shell.run(*command)
    whole = (shell.folder / "dim.brush").read_bytes()
    assert read_brush(shell.folder / "dim.brush").metadata.grade

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TrainingState, "converged", lambda run: stop() if run.step == 2 else False)
        _, err = shell.run(*command, "--overwrite", status=130)
    assert "--resume" in err
    assert (shell.folder / "dim.brush").read_bytes() == whole
    assert (shell.folder / ".dim.brush.checkpoint").exists()
    for other in (("--seed", "1"), ("--steps", "1"), ("--parts", "instruction")):
        _, err = shell.run(*command, "--overwrite", "--resume", *other, status=2)
        assert "other pairs or settings" in err
    with monkeypatch.context() as patch:
        patch.setattr(grading, "fit_grade", another_grade)
        _, err = shell.run(*command, "--overwrite", "--resume", status=2)
        assert "other pairs or settings" in err
    shell.run(*command, "--overwrite", "--resume")
    assert (shell.folder / "dim.brush").read_bytes() == whole
    assert not (shell.folder / ".dim.brush.checkpoint").exists()


def another_grade(*arguments, **how):
    """What is fitted to the pairs, and another grade than that."""
    return replace(fit_grade(*arguments, **how), grade=WARM)


def pressed() -> None:
    raise KeyboardInterrupt


def terminated() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


@pytest.mark.parametrize("stop", [pressed, terminated])
def test_a_run_stopped_while_it_is_judged_says_how_to_go_on(shell, monkeypatch, stop):
    command = (*LEARN, "-o", "dim.brush", "--no-phrase")
    with monkeypatch.context() as patch:
        patch.setattr("brushctl.app.training_run.judge_pairs", lambda *_, **__: stop())
        _, err = shell.run(*command, status=130)
    assert "with --resume to go on" in err
    shell.run(*command, "--resume")


def test_a_run_killed_once_its_brush_was_written_is_brought_to_its_end(shell, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    command = (*LEARN, "-o", "dim.brush", "--no-phrase", "--steps", "1")
    with monkeypatch.context() as patch:
        patch.setattr(learn, "keep_sheet", killed)
        shell.run(*command, status=130)
    whole = (shell.folder / "dim.brush").read_bytes()
    shell.run(*command, "--resume")
    assert (shell.folder / "dim.brush").read_bytes() == whole
    assert sorted(p.name for p in shell.folder.glob("*dim*")) == ["dim.brush", "dim.brush.png"]
    _, err = shell.run(*command, "--resume", status=2)
    assert "a brush of that name exists" in err


def test_a_stopped_cross_validation_keeps_its_folds(shell, monkeypatch):
    command = (*LEARN, "-o", "dim.brush", "--no-phrase", "--cross-validate")
    steps = []

    def converged(run):
        steps.append(run.step)
        if len(steps) == 6:  # of four in each fold
            raise KeyboardInterrupt
        return False

    with monkeypatch.context() as patch:
        patch.setattr(TrainingState, "converged", converged)
        shell.run(*command, status=130)
    assert (shell.folder / ".dim.fold-0.brush.checkpoint").exists()
    _, err = shell.run(*command, status=2)
    assert "an earlier run has begun to learn this brush" in err
    steps.clear()
    monkeypatch.setattr(TrainingState, "converged", lambda run: bool(steps.append(run.step)))
    shell.run(*command, "--resume")
    assert len(steps) == 12  # two folds and the whole; the first fold was done
    assert not list(shell.folder.glob(".dim*"))


def test_a_full_disk_leaves_no_half_written_brush(shell, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    _, err = shell.run(*LEARN, "-o", "dim", "--no-phrase", status=1)
    assert "no space left on device" in err
    assert shell.cached() == []


def test_a_place_that_cannot_be_written_is_told_of_before_any_work(shell):
    (shell.folder / "file").touch()
    _, err = shell.run("learn", "pairs", "-o", "file/dim.brush", status=2)
    assert "this is a file, not a folder" in err
    assert "checking" not in err
