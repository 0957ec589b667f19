"""Runs on a cluster: the same bytes as on one machine, whatever dies on the way."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushctl.errors import BaseModelError
from brushctl.photos.batch import edit_photographs, select
from brushctl.photos.journal import Journal, Record, read_journal
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


def test_a_cluster_writes_the_bytes_that_one_machine_writes(photographs):
    alone, many = plan_of(photographs, "alone"), plan_of(photographs, "many")
    assert alone.state
    with Journal(alone.state) as journal:
        one = finish(edit_photographs(alone, alone.jobs, ToneEditor(), TREATMENT, journal=journal))
    other = edited(many, ToneEditor, most=2)
    assert len(results(photographs.parent / "alone")) == 11
    assert results(photographs.parent / "alone") == results(photographs.parent / "many")
    assert told(one) == told(other)


def told(records: list[Record]) -> list[dict]:
    lines = sorted((record.to_dict() for record in records), key=lambda line: line["file"])
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_a_bad_photograph_is_one_failure_and_the_next_run_does_nothing(photographs):
    plan = plan_of(photographs, "out")
    records = edited(plan, ToneEditor)
    assert [r.file for r in records if r.status == "failed"] == ["bad.jpg"]
    assert len([r for r in records if r.status == "done"]) == 11
    assert plan.state
    with Journal(plan.state) as journal:
        chosen = select(plan, journal.records, TREATMENT)
    assert (len(chosen.todo), len(chosen.current), len(chosen.failed)) == (0, 11, 1)


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
    assert edited(plan_of(photographs, "again"), ToneEditor)
    assert results(tmp_path / "out") == results(tmp_path / "again")


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
    """The driver died after a result was written and before it was noted."""
    plan = plan_of(photographs, "out")
    whole = edited(plan, ToneEditor)
    assert plan.state
    journal = plan.state / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"sent"' in line or '"0/3.jpg"' in line]
    journal.write_text("".join(kept))
    before = results(photographs.parent / "out")
    again = edited(plan, ToneEditor)
    assert len(again) == len(whole) - 1
    assert results(photographs.parent / "out") == before


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
    assert edited(plan_of(photographs, "again"), ToneEditor)
    assert results(tmp_path / "out") == results(tmp_path / "again")
