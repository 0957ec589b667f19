"""Every command in the guides for `apply` runs as it is written there."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.apply_shell import ROOT, ApplyShell
from tests.photos import makers
from tests.photos.brushes import make_brush

GUIDES = ("photographers", "pipelines", "cron")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS_A_SHELL = set("|<>&$*;'\\")


def commands(guide: str) -> list[str]:
    text = (ROOT / "docs" / f"{guide}.md").read_text()
    return [line for block in BLOCK.findall(text) for line in block.splitlines()]


@pytest.fixture
def shell(tmp_path: Path, capfdbinary) -> ApplyShell:
    shell = ApplyShell(tmp_path, capfdbinary)
    for name in ("golden-hour", "grain"):
        make_brush(tmp_path / f"home/brushes/{name}.brush", name)
    (tmp_path / "photos/2024").mkdir(parents=True)
    makers.write_jpeg(tmp_path / "photos/2024/harbour.jpg", makers.picture())
    makers.write_jpeg(tmp_path / "photos/garden.jpg", makers.picture(seed=1))
    Image.fromarray(makers.picture(seed=2)).save(tmp_path / "photos/drawing.png")
    return shell


@pytest.mark.parametrize("guide", GUIDES)
def test_the_commands_of_a_guide_run(shell, guide):
    left_out = []
    for command in commands(guide):
        if re.search(r"\bjq\b", command) and not shutil.which("jq"):
            left_out.append(command)
        elif "--watch" in command:
            shell.bash(f"timeout --signal=TERM --preserve-status 7 {command}")
        elif command.startswith("brushctl apply ") and not NEEDS_A_SHELL & set(command):
            shell.run(*shlex.split(command)[2:])
        else:
            shell.bash(command)
    if left_out:
        pytest.skip(f"all but {len(left_out)} commands ran: jq is not on this machine")


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on this machine")
def test_the_journals_failures_are_those_that_no_later_run_has_mended(shell):
    state = shell.folder / "with-json/.brushctl"
    state.mkdir(parents=True)
    lines = [
        *((f"{n}.jpg", "failed") for n in (2, 1, 3)),
        *((f"{n}.jpg", "done") for n in range(4, 40)),
        *((f"{n}.jpg", "done") for n in (3, 2)),
        ("7.jpg", "failed"),
    ]
    journal = [json.dumps({"file": f, "status": s, "error": {"what": "odd"}}) for f, s in lines]
    journal.insert(5, journal[0][:20])
    (state / "journal.jsonl").write_text("\n".join(journal) + "\n")
    (command,) = (c for c in commands("pipelines") if "journal.jsonl" in c)
    shell.bash(f"{command} > failures")
    assert (shell.folder / "failures").read_text() == "1.jpg: odd\n7.jpg: odd\n"


def test_the_guides_results_are_there(shell):
    for command in commands("photographers")[:2]:
        shell.run(*shlex.split(command)[2:])
    assert shell.files("edited") == ["2024/harbour.jpg", "drawing.png", "garden.jpg"]
    with Image.open(shell.folder / "edited/drawing.png") as image:
        assert np.asarray(image).shape == (64, 96, 3)
