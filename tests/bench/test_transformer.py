"""The bench on a base that is a transformer."""

import pytest
import torch

from brushctl.bench import cases
from brushctl.bench.methods.registry import METHODS, methods_on
from brushctl.engine.model.base import open_base
from brushctl.settings import TINY_DIT
from tests.cli.shell import Shell

SMALL = ("--base", "tiny-dit", "--effects", "lava", "--limit", "1", "--steps", "2", "--shots", "2")


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


def test_words_and_brushes_are_measured_without_guidance(shell, monkeypatch):
    def never(*_):
        raise AssertionError("a transformer has no guidance to choose")

    monkeypatch.setattr(cases, "select_scales", never)
    told = shell.json("bench", *SMALL, "--methods", "nothing,ip2p,instructbrush,wo-time,wo-init")
    assert told["base"]["id"] == "tiny-dit"
    assert told["guidance_grid"] == []
    assert told["held_out"] == ["lava"]  # of tiny-dit it is known, as of tiny-ip2p
    assert told["measures"]["direction"] == "eq. 8 in tiny-clip"
    runs = {case["method"]: case["runs"] for case in told["cases"]}
    assert list(runs) == ["nothing", "ip2p", "instructbrush", "wo-time", "wo-init"]
    assert all([run["guidance"], run["s_T"]] == ["best", None] for (run,) in runs.values())
    assert len({run["psnr"][0] for (run,) in runs.values()}) == len(runs)


@pytest.mark.parametrize("method", ["visii", "wo-attn", "visii-paper", "instructbrush-paper"])
def test_methods_of_u_nets_are_refused_by_name_before_anything_is_run(shell, method):
    _, err = shell.run("bench", *SMALL, "--methods", f"nothing,{method}", status=2)
    assert f"there is no {method} on transformers" in err
    assert "instructbrush, wo-time" in err
    assert not (shell.folder / "brushctl-bench").exists()


def test_all_methods_are_all_that_there_are_on_a_base(base):
    on_transformer = methods_on(open_base(TINY_DIT, torch.device("cpu"), torch.float32), None)
    assert on_transformer == [
        *("nothing", "lut", "grade", "brush", "ip2p", "instructbrush", "wo-time", "wo-init"),
    ]
    assert methods_on(base, None) == list(METHODS)
