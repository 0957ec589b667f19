"""The training loop: what is stopped and goes on ends as what never stopped."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from brushctl.tiny.train.loop import Run, keep_sheet, optimise


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path / "whole", 8, 1e-2, torch.device("cpu"), warmup=2, checkpoint_every=4)


class StoppedError(Exception):
    """Training ends here."""


def told(_: nn.Module, step: int) -> dict[str, float]:
    return {"at": float(step)}


def stopped(*_: object) -> dict[str, float]:
    raise StoppedError


def trained(run: Run, report=told) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Linear(3, 3)

    def loss(g: torch.Generator) -> torch.Tensor:
        x = torch.randn(16, 3, generator=g)
        return (model(x).float() - x.flip(1)).pow(2).mean()

    return optimise(model, loss, run, report).state_dict()


def test_a_run_that_stopped_at_its_checkpoint_ends_with_the_same_weights(run, tmp_path):
    whole = trained(run)
    parted = replace(run, folder=tmp_path / "parted")
    with pytest.raises(StoppedError):
        trained(parted, stopped)
    resumed = trained(parted)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert (run.folder / "log.jsonl").read_text().count("\n") == 2


def test_a_sheet_shows_each_row_s_pictures_side_by_side(run):
    run.folder.mkdir()
    black, white = -torch.ones(5, 3, 8, 8), torch.ones(5, 3, 8, 8)
    keep_sheet(run, 250, [black, white], count=4)
    sheet = np.asarray(Image.open(run.folder / "sheet-000250.png"))
    assert sheet.shape == (16, 32, 3)
    assert (sheet[:8] == 0).all()
    assert (sheet[8:] == 255).all()
