"""`brushctl init-phrase` prints the phrase on stdout and everything else on stderr."""

import json

import numpy as np
import pytest
from PIL import Image

from brushctl.cli._status import run_and_exit
from brushctl.cli.app import app
from brushctl.tiny.world.pictures import draw_picture
from tests.cli.shell import save
from tests.engine.random_clip import write_random_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return str(write_random_clip(tmp_path_factory.mktemp("clip")))


@pytest.fixture
def pairs(tmp_path):
    for k, colour in enumerate(["red", "green", "blue"]):
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{k}_before.png")
        Image.new("RGB", (40, 30), "black").save(tmp_path / f"{k}_after.png")
    (tmp_path / "words.txt").write_text("a dog\na boat\nnight\nsnow\n")
    return tmp_path


@pytest.fixture
def brushctl(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["brushctl", *map(str, arguments)])
        try:
            status = run_and_exit(app)
        except SystemExit as stop:
            status = stop.code
        return status or 0, *capsys.readouterr()

    return run


def test_json_carries_the_phrase_and_every_candidate(brushctl, pairs, clip):
    status, out, _ = brushctl(
        "init-phrase", pairs, "--clip", clip, "--vocabulary", pairs / "words.txt",
        "--phrases", "3", "--eta", "0", "--device", "cpu", "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert status == 0
    assert answer["vocabulary"] == 4
    assert [len(answer["candidates"][side]) for side in ("before", "after")] == [3, 3]
    assert answer["phrase"] is None or answer["phrase"].startswith("turn ")


@pytest.mark.parametrize(
    ("options", "content", "told"),
    [
        (("--eta", "nan"), b"night\n", "--eta nan"),
        ((), "a café\n".encode("latin-1"), "Save it as UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused(brushctl, pairs, options, content, told):
    words = pairs / "words.txt"
    words.write_bytes(content)
    status, _, err = brushctl("init-phrase", pairs, "--vocabulary", words, *options)
    assert status == 2
    assert told in err


def test_pairs_are_checked_as_they_are_before_learning(brushctl, pairs):
    (pairs / "1_after.png").write_bytes(b"no picture")
    status, out, _ = brushctl("init-phrase", pairs, "-q", "--json")
    assert status == 2
    assert json.loads(out)["error"]["code"] == "pairs"
    assert "pair 1" in json.loads(out)["error"]["where"]


def test_people_get_a_table_and_pipes_the_phrase(brushctl, pairs):
    words = pairs / "words.txt"
    arguments = ("init-phrase", pairs, "--vocabulary", words, "--device", "cpu")
    status, out, err = brushctl(*arguments, "--base", "tiny-ip2p")
    assert status == 0
    assert out.startswith("turn ")
    assert out.count("\n") == 1
    assert "sensitivity" in err
    assert "before the edit" in err
    status, out, err = brushctl(*arguments, "--base", "tiny-ip2p", "--eta", "9")
    assert (status, out) == (0, "")
    assert "no phrase names this edit" in err


def test_pairs_are_looked_for_before_the_model(brushctl, tmp_path):
    status, _, err = brushctl("init-phrase", tmp_path, "--clip", "no/model")
    assert status == 2
    assert "no pairs found" in " ".join(err.split())


def test_a_model_that_is_not_there_exits_with_6(brushctl, pairs):
    status, _, err = brushctl("init-phrase", pairs, "--clip", "no/model", "--device", "cpu")
    assert status == 6
    assert "CLIP model" in err


@pytest.mark.parametrize("parts", ["instruction", "both"])
def test_it_is_the_phrase_that_learn_starts_from(shell, parts):
    """Of six pairs one is held out, and under a grade little is left to be named."""
    rng = np.random.default_rng(5)
    for k in range(3, 6):
        pixels = draw_picture(rng, 96).pixels
        save(shell.folder / f"pairs/before/{k}.png", pixels)
        save(shell.folder / f"pairs/after/{k}.png", pixels * 0.5)
    shell.run("learn", "pairs", "-o", "x", "--parts", parts, "--steps", "1")
    start = shell.brush("x").metadata.instruction
    told = shell.json("init-phrase", "pairs", "--parts", parts)
    assert told["phrase"] == start.phrase
    for side in ("before", "after"):
        unique = getattr(start, side)
        found = told[side] and round(told[side]["sensitivity"], 6)  # as a brush keeps it
        assert found == (unique and unique.sensitivity)
