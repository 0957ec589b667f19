"""The training loop: what is stopped and goes on ends as what never stopped."""

import contextlib
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from brushctl.engine.model.find import EMBEDDED
from brushctl.errors import UsageError
from brushctl.tiny.train import data, decoder, objective, unet, vae
from brushctl.tiny.train.data import PairSet
from brushctl.tiny.train.encoded import Latents, latents_of
from brushctl.tiny.train.loop import Run, keep_sheet, optimise, rate_at
from brushctl.tiny.train.pictures import Pictures
from brushctl.tiny.train.words import new_tokenizer

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path / "whole", 8, 1e-2, torch.device("cpu"), warmup=2, checkpoint_every=4)


class StoppedError(Exception):
    """Training ends here."""


def told(_: nn.Module, step: int) -> dict[str, float]:
    return {"at": float(step)}


def stopped(*_: object) -> dict[str, float]:
    raise StoppedError


def trained(run: Run, report=told, begin=0, inputs=(b"pairs",)) -> dict[str, torch.Tensor]:
    torch.manual_seed(begin)
    model = nn.Linear(3, 3)

    def loss(g: torch.Generator) -> torch.Tensor:
        x = torch.randn(16, 3, generator=g)
        return (model(x).float() - x.flip(1)).pow(2).mean()

    return optimise(model, loss, run, report, inputs).state_dict()


def test_a_run_that_stopped_at_its_checkpoint_ends_with_the_same_weights(run, tmp_path):
    whole = trained(run)
    parted = replace(run, folder=tmp_path / "parted")
    with pytest.raises(StoppedError):
        trained(parted, stopped)
    resumed = trained(parted)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert (run.folder / "log.jsonl").read_text().count("\n") == 2


OTHERS = {
    "seed": (lambda run: replace(run, seed=1), {}),
    "steps": (lambda run: replace(run, steps=16), {}),
    "rate": (lambda run: replace(run, rate=1e-3), {}),
    "model to begin with": (lambda run: run, {"begin": 1}),
    "pairs": (lambda run: run, {"inputs": (b"other pairs",)}),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("report", [told, stopped], ids=["finished", "stopped"])
def test_a_checkpoint_is_gone_on_with_by_its_own_run_only(run, report, other):
    with contextlib.suppress(StoppedError):
        trained(run, report)
    change, how = OTHERS[other]
    with pytest.raises(UsageError, match="is of other settings"):
        trained(change(run), **how)
    trained(run)


def test_a_steady_run_is_gone_on_with_to_any_end(run, tmp_path):
    """Its states from before its rate falls are no end's own, and stay."""
    whole = trained(replace(run, steady=0.5))
    longer = replace(run, folder=tmp_path / "longer", steps=80, steady=0.5)
    with pytest.raises(StoppedError):
        trained(longer, stopped)
    shorter = replace(longer, steps=8)
    ended = trained(shorter)
    assert all(torch.equal(whole[name], ended[name]) for name in whole)
    with pytest.raises(UsageError, match="is of other settings"):
        trained(longer)
    shorter.checkpoint(8).unlink()
    with pytest.raises(UsageError, match="is of other settings"):
        trained(replace(longer, steps=4))  # whose rate falls before the state that is kept
    assert trained(replace(longer, steps=12), told).keys() == whole.keys()
    assert [line["at"] for line in lines(longer)] == [8, 8, 12]


def test_the_rate_of_a_steady_run_falls_at_its_end_only(run):
    steady = replace(run, steps=12, steady=0.8)  # of the ten after two of warm-up
    rates = [rate_at(steady, step) / run.rate for step in range(12)]
    assert rates[:11] == [0.5] + [1] * 10
    assert rates[11] == pytest.approx(0.505)  # half-way to a hundredth


def test_the_loss_of_a_shorter_last_window_is_the_mean_of_its_steps(run):
    trained(run)
    even = replace(run, folder=run.folder / "again", checkpoint_every=1)
    trained(even)
    short = replace(run, folder=run.folder / "short", checkpoint_every=5)
    trained(short)
    each = [line["loss"] for line in lines(even)]
    assert lines(short)[1]["loss"] == pytest.approx(sum(each[5:]) / 3, abs=1e-4)


def lines(run: Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("n", [0, 3, 7])
def test_a_number_of_pictures_that_is_no_multiple_of_a_block_is_refused(tmp_path, monkeypatch, n):
    monkeypatch.setattr(data, "BLOCK", 4)
    for draw in (data.pair_set, data.detail_set):
        with pytest.raises(UsageError, match="multiple"):
            draw(tmp_path, n, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_pictures_full_of_detail_are_drawn_once_and_by_their_seed(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "BLOCK", 2)
    drawn = data.detail_set(tmp_path, 4, seed=7)
    assert drawn.shape == (4, 64, 64, 3)
    assert len({picture.tobytes() for picture in drawn}) == 4
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(data.detail_set(tmp_path, 4, seed=7), drawn)
    assert kept.stat().st_mtime_ns == before
    assert not np.array_equal(data.detail_set(tmp_path, 4, seed=8)[:2], drawn[:2])


@pytest.fixture
def few(monkeypatch):
    """Two pictures in a batch of the autoencoder, one of each kind."""
    monkeypatch.setattr(vae, "BATCH", 2)
    monkeypatch.setattr(vae, "DETAILED", 1)


def drawn(seed: int) -> PairSet:
    both = np.random.default_rng(seed).integers(0, 256, (2, 4, 64, 64, 3), np.uint8)
    return PairSet(*both, words=[""] * 4, phrases=[([], [])] * 4)


def seen(pairs: PairSet, detailed: PairSet) -> Pictures:
    return Pictures(pairs, detailed.after, pairs, pairs.before)


@pytest.mark.usefixtures("few")
def test_a_finished_part_is_written_again_wherever_it_is_wanted(tmp_path):
    """And not in place of another: other pairs and other pictures are refused."""
    pairs, others = drawn(0), drawn(1)
    run = Run(tmp_path / "run", 1, 1e-3, torch.device("cpu"))
    for name in ("one", "other"):
        vae.train_vae(run, seen(pairs, pairs), tmp_path / name)
    one, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "other"))
    assert one == other
    for shown in (seen(others, pairs), seen(pairs, others)):
        with pytest.raises(UsageError):
            vae.train_vae(run, shown, tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_a_tuned_decoder_reads_the_latents_that_there_were(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder, "EACH", 1)
    pairs = replace(drawn(0), words=["make it night"] * 4)
    run = Run(tmp_path / "run", 2, 1e-2, torch.device("cpu"), warmup=1)
    told = run.folder / "log.jsonl"
    decoder.train_decoder(run, seen(pairs, pairs), tmp_path / "out", EMBEDDED)
    before, after = (load_file(folder / WEIGHTS) for folder in (EMBEDDED / "vae", tmp_path / "out"))
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if name.startswith(("encoder.", "quant_conv."))}
    assert set(json.loads(told.read_text())) >= {"world", "photos", "text"}


def test_a_finished_u_net_is_written_again_too(tmp_path, monkeypatch):
    monkeypatch.setattr(objective, "BATCH", 4)
    monkeypatch.setattr(objective, "OWN", 2)
    monkeypatch.setattr(unet, "followed", lambda *_: ({}, (torch.zeros(1, 3, 64, 64),)))
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    pairs = PairSet(pixels, pixels, ["make it red"] * 2, [([], [])] * 2)
    run = Run(tmp_path / "work/unet", 1, 1e-3, torch.device("cpu"))
    written = []
    for name in ("one", "other"):
        shutil.copytree(EMBEDDED / "vae", tmp_path / name / "vae")
        unet.train_unet(run, pairs, pairs, tmp_path / name)
        written.append((tmp_path / name / "unet" / WEIGHTS).read_bytes())
    assert written[0] == written[1]


def test_a_sheet_shows_each_row_s_pictures_side_by_side(run):
    run.folder.mkdir()
    black, white = -torch.ones(5, 3, 8, 8), torch.ones(5, 3, 8, 8)
    keep_sheet(run, 250, [black, white], count=4)
    sheet = np.asarray(Image.open(run.folder / "sheet-000250.png"))
    assert sheet.shape == (16, 32, 3)
    assert (sheet[:8] == 0).all()
    assert (sheet[8:] == 255).all()


LATENTS, NOISE = torch.randn(2, 3, 24, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("step", [0, 1, 3])
def test_an_estimate_is_the_picture_that_a_sampling_step_sees(step):
    scheduler, before = unet.new_scheduler(), LATENTS.flip(0)
    words, model = torch.zeros(3, 32, 128), unet.new_unet().eval()
    scheduler.set_timesteps(5)
    t, z = scheduler.timesteps[step], LATENTS + NOISE * scheduler.sigmas[step]
    x_t = scheduler.scale_model_input(z, t)
    with torch.no_grad():
        v = model(torch.cat([x_t, before], 1), t, words).sample
    seen = scheduler.step(v, t, z).pred_original_sample
    times = t.long().repeat(3)
    with torch.no_grad():
        ours = objective.estimate(model, scheduler.alphas_cumprod, x_t, before, times, words)
    assert torch.allclose(ours, seen, atol=1e-4)


class Sure(nn.Module):
    """Sees a picture of ones, whatever the noise; keeps the mean of what it was shown, and when."""

    def __init__(self, alpha_bar: torch.Tensor) -> None:
        super().__init__()
        self.alpha_bar, self.shown = alpha_bar, list[tuple[torch.Tensor, torch.Tensor]]()

    def forward(self, x_t: torch.Tensor, t: torch.Tensor, _: torch.Tensor) -> SimpleNamespace:
        self.shown.append((x_t[:, :24].mean((1, 2, 3)), t))
        a = self.alpha_bar[t][:, None, None, None]
        return SimpleNamespace(sample=(a.sqrt() * x_t[:, :24] - 1) / (1 - a).sqrt())


def test_a_step_of_training_shows_pure_noise_the_truth_and_the_model_s_own_work():
    alpha_bar = unet.new_scheduler().alphas_cumprod
    model = SimpleNamespace(unet=Sure(alpha_bar), text_encoder=lambda tokens: (tokens,))
    before, truth = torch.zeros(1, 24, 16, 16), torch.full((1, 24, 16, 16), 3.0)
    pair = Latents(before, truth, torch.zeros(1, 32, dtype=torch.long))
    asked = objective.Objective(model, pair, pair.tokens, alpha_bar, torch.eye(24))
    loss = asked.loss(torch.Generator().manual_seed(0))
    (first, t), (again, later) = model.unet.shown
    noise = t[: objective.OWN]
    assert noise.tolist() == [999] * objective.OWN
    assert len(first) + len(again) == objective.BATCH
    means = (first[: len(noise)], 0), (first[len(noise) :], 3), (again, 1)
    for (mean, value), step in zip(means, (noise, t[len(noise) :], later), strict=True):
        assert torch.allclose(mean, value * alpha_bar[step].sqrt(), atol=0.06)
    floor = objective.FLOOR
    assert loss.item() == pytest.approx(floor * np.log(1 + (3 - 1) ** 2 / floor), rel=1e-3)


@pytest.mark.parametrize(
    "text", ["1980s", "a taxi", "black & white", "heart-shaped", "Café ÿ", "漢字", "ж", "x~"]
)
def test_no_text_has_a_piece_that_is_unknown(text):
    """CLIP's token for that is the end of the text."""
    words = new_tokenizer(["make it red", "turn day into night"])
    assert words.unk_token not in words.tokenize(text)


def test_kept_latents_are_those_of_the_pairs_words_and_autoencoder_at_hand(tmp_path):
    run = Run(tmp_path / "run", 1, 1e-3, torch.device("cpu"))
    coder, words = vae.new_vae(), new_tokenizer(["make it red", "make it blue"])

    def encoded(said, read):
        pixels = np.zeros((2, 64, 64, 3), np.uint8)
        pairs = PairSet(pixels, pixels, [said] * 2, [([], [])] * 2)
        return latents_of(run, coder, words, pairs, read).tokens

    red = encoded("make it red", "one digest")
    assert torch.equal(encoded("unread", "one digest"), red)  # it is kept
    assert not torch.equal(encoded("make it blue", "another digest"), red)
