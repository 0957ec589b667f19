"""Runs on a cluster: the same bytes as on one machine, whatever dies on the way."""

import importlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brushctl.app.apply import open_editor_of
from brushctl.app.machines import Machines
from brushctl.brushes.file import Brush, encode_brush
from brushctl.brushes.provenance import Provenance
from brushctl.engine.model.base import open_base
from brushctl.engine.training.make_brush import InitialPhrase, make_brush
from brushctl.engine.training.recipes import DEFAULT
from brushctl.errors import BaseModelError, BrushctlError, PlanError, UsageError
from brushctl.events import Event
from brushctl.runs.executors.ray import LARGEST, Pool, block_size, edit_on_cluster, spread
from brushctl.runs.executors.threads import edit_photographs
from brushctl.runs.journal import Journal, journal_in
from brushctl.runs.records import Record, Source
from brushctl.runs.resume import select
from brushctl.runs.windows import TOGETHER
from brushctl.tiny.world.pictures import draw_picture
from tests.photos import makers
from tests.photos.driver import ToneEditor
from tests.runs.cluster.driver import TREATMENT, edited, plan_of
from tests.runs.cluster.editors import Deadly, Mortal, Signing, Sociable, broken, missing

pytestmark = pytest.mark.usefixtures("ray")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def photographs(tmp_path) -> Path:
    return make_photographs(tmp_path / "in", 11)


def make_photographs(folder: Path, count: int) -> Path:
    """So many, and one that is none."""
    for n in range(count):
        path = folder / f"{n % 3}/{n}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        makers.write_jpeg(path, makers.picture(seed=n))
    (folder / "bad.jpg").write_bytes(b"no photograph")
    return folder


def results(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*.*") if p.is_file() and ".brushctl" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def alone(photographs: Path, opener=ToneEditor) -> tuple[list[Record], dict[str, bytes]]:
    """What this process makes of all photographs."""
    plan = plan_of(photographs, "alone")
    assert plan.state
    with Journal(plan.state) as journal, opener() as editor:
        work = edit_photographs(plan, plan.jobs, editor, TREATMENT, journal=journal)
        return work, results(plan.state.parent)


def test_a_cluster_does_and_tells_what_one_machine_does(tmp_path):
    """With the same neighbours in the model, which change a picture by rounding."""
    photographs = make_photographs(tmp_path / "in", 20)
    records, files = alone(photographs, Sociable)
    plan = plan_of(photographs, "out")
    assert told(edited(plan, Sociable, most=2)) == told(records)
    assert [record.file for record in records if record.error] == ["bad.jpg"]
    assert len(files) == 20
    assert files == results(photographs.parent / "out")
    assert plan.state
    with Journal(plan.state) as journal:
        chosen = select(plan, journal.records, TREATMENT)
    assert (len(chosen.todo), len(chosen.current), len(chosen.failed)) == (0, 20, 1)


@pytest.mark.slow
def test_with_the_embedded_model_the_bytes_are_the_same_too(photographs):
    data = encode_brush(hardly_learned())
    opener = partial(open_editor_of, data, {"device": "cpu", "dtype": "float32", "strength": 1.0})
    for path in photographs.rglob("*.jpg"):
        if path.stem not in "12":
            path.unlink()
    assert len(alone(photographs, opener)[1]) == 2
    edited(plan_of(photographs, "out"), opener, most=1)
    assert results(photographs.parent / "out") == results(photographs.parent / "alone")


def hardly_learned() -> Brush:
    """A brush for tiny-ip2p after one step of learning."""
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng = np.random.default_rng(1)
    pictures = np.stack([draw_picture(rng).pixels for _ in range(2)])
    return make_brush(
        base,
        pictures,
        1 - pictures,
        initial_phrase=InitialPhrase("invert the colours"),
        recipe=replace(DEFAULT, steps=1),
        seed=0,
        provenance=Provenance("short", "2026-01-01T00:00:00Z", "tests"),
        pair_hashes=["0" * 64],
    )


def killed(_event: Event) -> None:
    raise InterruptedError


def told(records: list[Record]) -> list[dict]:
    lines = sorted((record.to_dict() for record in records), key=lambda line: line["file"])
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.slow
def test_processes_killed_at_random_cost_no_result(photographs, tmp_path):
    signed = tmp_path / "processes"
    signed.mkdir()
    over = threading.Event()
    killed = []

    def kill() -> None:
        rng = random.Random(3)
        while len(killed) < 3 and not over.wait(0.4):
            living = [p for p in signed.iterdir() if Path(f"/proc/{p.name}").exists()]
            if living:
                victim = rng.choice(sorted(living))
                os.kill(int(victim.name), signal.SIGKILL)
                victim.unlink()
                killed.append(victim.name)

    killer = threading.Thread(target=kill)
    killer.start()
    records = edited(plan_of(photographs, "out"), partial(Signing, signed, 0.2), most=2)
    over.set()
    killer.join()
    assert killed
    assert sorted(r.status for r in records) == ["done"] * 11 + ["failed"]
    assert results(tmp_path / "out") == alone(photographs)[1]


@pytest.mark.slow
def test_a_photograph_that_kills_its_process_is_given_up_alone(photographs):
    Image.fromarray(np.full((40, 40, 3), 255, np.uint8)).save(photographs / "white.png")
    records = edited(plan_of(photographs, "out"), Deadly, most=1)
    failed = {r.file: r.error.code for r in records if r.error}
    assert failed == {"bad.jpg": "photo", "white.png": "worker-lost"}
    assert len(records) == 13
    assert edited(plan_of(photographs, "out"), Deadly, most=1) == []  # until it changes


@pytest.mark.parametrize(
    ("opener", "error"),
    [(missing, BaseModelError), pytest.param(broken, BrushctlError, marks=pytest.mark.slow)],
)
def test_what_no_process_can_open_ends_the_run_at_once(photographs, opener, error):
    started = time.monotonic()
    with pytest.raises(error, match=r"no such base model|StrangeError in a process.*no driver"):
        edited(plan_of(photographs, "out"), opener)
    assert time.monotonic() - started < 60


@pytest.mark.slow
def test_a_cluster_without_the_same_code_is_told_of(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def opener(): return list")
    monkeypatch.syspath_prepend(tmp_path)
    opener = importlib.import_module("only_here").opener
    with pytest.raises(BrushctlError, match=r"cannot start a process .*only_here"):
        list(spread(["a"], opener, Pool(most=1)))


@pytest.mark.parametrize(
    "machines",
    [Machines(None, None, 999, 1, "cpu"), Machines(None, None, 1, 1, "cuda")],
)
def test_what_this_machine_cannot_give_is_an_error_not_a_wait(machines):
    with pytest.raises(UsageError, match=r"999 cores|a GPU"), machines.joined():
        pass


def test_blocks_are_whole_windows():
    assert {block_size(count) % TOGETHER for count in (1, 40, 5000, 10**6)} == {0}
    assert block_size(100) == TOGETHER
    assert block_size(10**6) == LARGEST


def test_a_run_knows_what_a_killed_one_may_have_left(photographs):
    """The driver died after it had sent the work out; results were written, and never noted."""
    _, files = alone(photographs)
    plan = plan_of(photographs, "alone")
    assert plan.state
    (plan.state / "journal.jsonl").unlink()
    with Journal(plan.state) as journal:
        with pytest.raises(PlanError):
            select(plan, journal.records, TREATMENT)
        journal.write(*(Record(job.key, "sent", {}, Source()) for job in plan.jobs))
        assert len(select(plan, journal.records, TREATMENT).todo) == 12
    edited(plan, ToneEditor)
    assert results(photographs.parent / "alone") == files


def test_a_cluster_leaves_alone_what_is_retouched_after_it_failed_or_was_stopped(photographs):
    """As one process does: the journal goes on telling of the results that lie there."""
    alone(photographs)
    plan, output = plan_of(photographs, "alone"), photographs.parent / "alone"
    (photographs / "0/0.jpg").write_bytes(b"no photograph")
    (failed,) = edited(plan, ToneEditor, most=1)
    assert failed.status == "failed"
    for path in photographs.rglob("[1-3].jpg"):
        makers.write_jpeg(path, makers.picture(seed=99))
    assert plan.state
    with Journal(plan.state) as journal:
        todo = select(plan, journal.records, TREATMENT).todo
        how = {"journal": journal, "pool": Pool(most=1)}
        with pytest.raises(InterruptedError):  # they are sent out, and none comes back
            edit_on_cluster(plan, todo, ToneEditor, TREATMENT, report=killed, **how)
    makers.write_jpeg(photographs / "0/0.jpg", makers.picture(seed=0))
    for name in ("0/0.jpg", "1/1.jpg"):
        (output / name).write_bytes((output / name).read_bytes() + b"by hand")
    with Journal(plan.state) as journal:
        chosen = select(plan, journal.records, TREATMENT)
    assert [job.key for job in chosen.retouched] == ["0/0.jpg", "1/1.jpg"]
    assert [job.key for job in chosen.todo] == ["0/3.jpg", "2/2.jpg"]


@pytest.mark.slow
def test_a_job_is_tried_again_when_its_process_dies_and_left_out_when_all_do(tmp_path):
    work = spread(["a", "fatal", "b"], partial(Mortal, tmp_path), Pool(most=1))
    assert sorted(done for block in work for done in block) == [(0, "A"), (2, "B")]


@pytest.mark.slow
def test_a_killed_machine_costs_no_result(tmp_path):
    photographs = make_photographs(tmp_path / "in", 40)
    command = [sys.executable, "-m", "tests.runs.cluster.nodes", photographs, tmp_path / "out"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "machines left: 2" in run.stdout.splitlines()  # the head, and the other
    assert results(tmp_path / "out") == alone(photographs)[1]


@pytest.mark.slow
def test_a_signal_stops_a_run_on_a_cluster_as_gently_as_another():
    program = """
import os, signal
from brushctl.cli._signals import stopping_gently
from brushctl.runs.executors.ray import cluster
with stopping_gently() as stop, cluster(None):
    os.kill(os.getpid(), signal.SIGTERM)
    print(stop())
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, ["True"]), run.stderr


@pytest.mark.slow
def test_a_killed_run_goes_on_where_its_journal_ends(tmp_path):
    photographs = make_photographs(tmp_path / "in", 40)
    plan = plan_of(photographs, "out")
    assert plan.state
    journal = plan.state / "journal.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.runs.cluster.driver",
        str(photographs),
        str(tmp_path / "out"),
    ]
    driver = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not journal.exists() or journal.read_text().count('"done"') < 3:
        time.sleep(0.1)
        assert driver.poll() is None
    driver.kill()
    driver.wait()
    finished = sum(record.status == "done" for record in journal_in(journal.parent).values())
    assert 3 <= finished < 40
    assert len(edited(plan, ToneEditor)) <= 41 - finished
    assert results(tmp_path / "out") == alone(photographs)[1]
