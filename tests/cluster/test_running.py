"""Runs on a cluster: the same bytes as on one machine, whatever dies on the way."""

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

from brushctl.brushes.file import Brush, encode_brush
from brushctl.brushes.stamp import Stamp
from brushctl.cluster.worker import open_editor_of
from brushctl.engine.base import open_base
from brushctl.engine.making import Start, make_brush
from brushctl.engine.recipes import DEFAULT
from brushctl.errors import BaseModelError, PlanError
from brushctl.photos.batch import edit_photographs
from brushctl.photos.journal import Journal, Record, read_journal
from brushctl.photos.selection import select
from brushctl.tiny.world.pictures import draw_picture
from tests.cluster.driver import TREATMENT, edited, finish, plan_of
from tests.cluster.editors import Deadly, Signing, missing
from tests.photos import makers
from tests.photos.driver import ToneEditor

pytestmark = pytest.mark.usefixtures("ray")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def photographs(tmp_path) -> Path:
    folder = tmp_path / "in"
    for n in range(11):
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
        return finish(work), results(plan.state.parent)


def test_a_cluster_does_and_tells_what_one_machine_does(photographs):
    records, files = alone(photographs)
    plan = plan_of(photographs, "out")
    assert told(edited(plan, ToneEditor, most=2)) == told(records)
    assert [record.file for record in records if record.error] == ["bad.jpg"]
    assert len(files) == 11
    assert files == results(photographs.parent / "out")
    assert plan.state
    with Journal(plan.state) as journal:
        chosen = select(plan, journal.records, TREATMENT)
    assert (len(chosen.todo), len(chosen.current), len(chosen.failed)) == (0, 11, 1)


@pytest.mark.slow
def test_with_the_embedded_model_the_bytes_are_the_same_too(photographs):
    data = encode_brush(hardly_learned())
    opener = partial(open_editor_of, data, {"device": "cpu", "dtype": "float32"})
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
    recipe, stamp = replace(DEFAULT, steps=1), Stamp("short", "2026-01-01T00:00:00Z", "tests")
    start, pairs = Start("invert the colours"), ["0" * 64]
    how = {"recipe": recipe, "seed": 0, "stamp": stamp, "pair_hashes": pairs}
    return finish(make_brush(base, pictures, 1 - pictures, start=start, **how))


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
    failed = {r.file: r.error["code"] for r in records if r.error}
    assert failed == {"bad.jpg": "photo", "white.png": "worker-lost"}
    assert len(records) == 13


def test_a_base_model_that_is_missing_ends_the_run_at_once(photographs):
    started = time.monotonic()
    with pytest.raises(BaseModelError):
        edited(plan_of(photographs, "out"), missing)
    assert time.monotonic() - started < 30


def test_a_run_knows_what_a_killed_one_may_have_left(photographs):
    """The driver died after it had sent the work out; results were written, and never noted."""
    _, files = alone(photographs)
    plan = plan_of(photographs, "alone")
    assert plan.state
    (plan.state / "journal.jsonl").unlink()
    with Journal(plan.state) as journal:
        with pytest.raises(PlanError):
            select(plan, journal.records, TREATMENT)
        journal.write(*(Record(job.key, "sent", {}, {}) for job in plan.jobs))
        assert len(select(plan, journal.records, TREATMENT).todo) == 12
    edited(plan, ToneEditor)
    assert results(photographs.parent / "alone") == files


@pytest.mark.slow
def test_a_killed_run_goes_on_where_its_journal_ends(photographs, tmp_path):
    plan = plan_of(photographs, "out")
    assert plan.state
    journal = plan.state / "journal.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.cluster.driver",
        str(photographs),
        str(tmp_path / "out"),
    ]
    driver = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not journal.exists() or journal.read_text().count('"done"') < 3:
        time.sleep(0.1)
        assert driver.poll() is None
    driver.kill()
    driver.wait()
    finished = sum(record.status == "done" for record in read_journal(journal).values())
    assert 3 <= finished < 11
    assert len(edited(plan, ToneEditor)) <= 12 - finished
    assert results(tmp_path / "out") == alone(photographs)[1]
