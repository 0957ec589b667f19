"""tiny-dit: what it begins with, what it is shown in training, and how diffusers runs it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline
from safetensors.torch import load_file

from brushctl.engine.model.find import EMBEDDED
from brushctl.tiny.train import dit, flow
from brushctl.tiny.train.data import PairSet
from brushctl.tiny.train.encoded import Latents
from brushctl.tiny.train.flow import BATCH, OWN
from brushctl.tiny.train.loop import Run
from brushctl.tiny.train.objective import FLOOR
from brushctl.tiny.train.pictures import psnr
from brushctl.tiny.world.edits import EDITS

SHIPPED = EMBEDDED.with_name("weights_dit")
WIDTH = 128
"""Of tiny-ip2p's text encoder."""


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def words(seed: int, n: int) -> flow.Words:
    return flow.Words(drawn(seed, n, 32, WIDTH), drawn(seed + 1, n, WIDTH))


@pytest.fixture(scope="module")
def new():
    torch.manual_seed(0)
    return dit.new_transformer(WIDTH).eval()


@pytest.fixture(scope="module")
def pipe():
    torch.manual_seed(0)
    return dit.new_pipeline(EMBEDDED)


def test_no_configuration_says_where_its_weights_were_made(pipe, tmp_path):
    dit.save(pipe, tmp_path)
    for file in [*EMBEDDED.parent.rglob("*.json"), *tmp_path.rglob("*.json")]:
        named = json.loads(file.read_text())
        assert not (isinstance(named, dict) and named.get("_name_or_path")), file


@pytest.mark.parametrize("sigma", [1.0, 0.8, 0.3])
def test_training_begins_with_a_model_that_gives_back_the_picture(new, sigma):
    """What it predicts is the way from the picture to what is noisy, whatever the words."""
    z, picture = drawn(1, 3, 24, 16, 16), drawn(2, 3, 24, 16, 16)
    with torch.no_grad():
        predicted = flow.velocity(new, z, picture, torch.full((3,), sigma), words(3, 3))
    error = (predicted - (z - picture)).square().mean()
    assert float(error) < 0.01  # of 2


def test_a_new_model_learns_from_its_words(new):
    """No weight but those of the words' own last writing to their stream is out of reach."""
    z, picture = drawn(1, 2, 24, 16, 16), drawn(2, 2, 24, 16, 16)
    with torch.enable_grad():
        flow.velocity(
            new, z, picture, torch.tensor([1.0, 0.5]), words(3, 2)
        ).square().sum().backward()
    reached = {n for n, p in new.named_parameters() if p.grad is not None and p.grad.any()}
    new.zero_grad()
    for n in range(3):
        assert f"transformer_blocks.{n}.attn.to_out.0.weight" in reached
        assert f"transformer_blocks.{n}.ff.net.2.weight" in reached
    for n in range(4):
        assert f"single_transformer_blocks.{n}.proj_out.weight" in reached


def test_the_transformer_is_asked_in_training_as_the_stock_pipeline_asks_it(pipe):
    """One sampling step of the pipeline sees what `estimate` sees in pure noise."""
    noise, pixels = drawn(1, 2, 24, 16, 16), drawn(2, 2, 3, 64, 64).clamp(-1, 1)
    said = ["make it night", "make it red"]
    with torch.no_grad():
        seen = pipe(
            prompt=said,
            image=(pixels + 1) / 2,
            height=64,
            width=64,
            max_area=64 * 64,
            _auto_resize=False,
            num_inference_steps=1,
            max_sequence_length=32,
            latents=flow._packed(noise),
            output_type="latent",
        ).images
        known = pipe.text_encoder(
            pipe.tokenizer(said, padding="max_length", return_tensors="pt").input_ids
        )
        ours = flow.estimate(
            pipe.transformer,
            torch.zeros_like(noise),
            noise,
            torch.ones(2),
            pipe.vae.encode(pixels).latent_dist.mean,
            flow.Words(known.last_hidden_state, known.pooler_output),
        )
    torch.testing.assert_close(flow._packed(ours), seen, rtol=1e-4, atol=1e-4)


class Sure(torch.nn.Module):
    """Sees a picture of ones, whatever the noise; keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = list[SimpleNamespace]()

    def forward(self, hidden_states, timestep, **known) -> tuple[torch.Tensor]:
        self.shown.append(SimpleNamespace(z=hidden_states[:, :64], sigma=timestep, **known))
        return ((hidden_states - 1) / timestep[:, None, None],)


def read(ids: torch.Tensor) -> SimpleNamespace:
    """Words are their ids."""
    return SimpleNamespace(last_hidden_state=ids[..., None].float(), pooler_output=ids.float())


def test_a_step_of_training_shows_pure_noise_the_truth_and_the_model_s_own_work():
    model, before = Sure(), torch.zeros(1, 24, 16, 16)
    pair = Latents(before, before + 3, torch.ones(1, 32, dtype=torch.long))
    asked = flow.Flow(model, read, pair, 0 * pair.tokens, torch.eye(24), shift=3.0)
    loss = asked.loss(torch.Generator().manual_seed(0))
    first, again = model.shown
    assert first.sigma[:OWN].tolist() == [1.0] * OWN
    assert len(first.z) + len(again.z) == BATCH
    means = first.z.mean((1, 2))
    assert torch.allclose(means, 3 * (1 - first.sigma), atol=0.06)
    # What is seen first is shown again as an Euler step arrives there: beneath the same noise.
    share = again.sigma[:, None, None]
    torch.testing.assert_close(again.z, (1 - share) + share * first.z[:OWN])
    assert loss.item() == pytest.approx(FLOOR * np.log(1 + (3 - 1) ** 2 / FLOOR), rel=1e-3)


def test_words_are_left_out_of_some_draws_and_of_the_pooled_half_of_others():
    before = torch.zeros(1, 24, 16, 16)
    pair = Latents(before, before, torch.ones(1, 32, dtype=torch.long))
    asked = flow.Flow(Sure(), read, pair, 0 * pair.tokens, torch.eye(24), shift=3.0)
    ids = pair.tokens.expand(4000, 32)
    made = asked._words(ids, torch.Generator().manual_seed(0))
    said, pooled = made.tokens.mean((1, 2)), made.pooled.mean(1)
    assert set(said.tolist()) == set(pooled.tolist()) == {0.0, 1.0}
    assert float(said.mean()) == pytest.approx(1 - flow.WORDLESS, abs=0.02)
    assert float(pooled.mean()) == pytest.approx(
        (1 - flow.WORDLESS) * (1 - flow.POOLED_EMPTY), abs=0.03
    )


def test_times_are_those_that_sampling_visits(pipe):
    pipe.scheduler.set_timesteps(sigmas=np.linspace(1, 0.25, 4))
    u = SimpleNamespace(shift=dit.SHIFT)
    some = flow.Flow._times(u, torch.Generator().manual_seed(0), 100_000)
    shares = [float((some > sigma).float().mean()) for sigma in pipe.scheduler.sigmas[:4]]
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.01)


def test_every_weight_has_one_optimiser(new):
    muon, adamw = dit.optimisers_of(new, 1e-3)
    held = [p for o in (muon, adamw) for group in o.param_groups for p in group["params"]]
    assert len(held) == len({id(p) for p in held}) == len(list(new.parameters()))
    block = new.single_transformer_blocks[0]
    (matrices,) = ({id(p) for p in group["params"]} for group in muon.param_groups)
    assert id(block.attn.to_k.weight) in matrices
    assert id(block.norm.linear.weight) not in matrices


def test_what_is_trained_is_a_stock_pipeline_and_can_be_begun_with(tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "BATCH", 4)
    monkeypatch.setattr(flow, "OWN", 2)
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    pairs = PairSet(pixels, pixels, ["make it red"] * 2, [([], [])] * 2)
    base = EMBEDDED
    for name in ("one", "other"):
        run = Run(tmp_path / name / "run", 1, 1e-3, torch.device("cpu"), warmup=1)
        dit.train_dit(run, pairs, pairs, base, tmp_path / name / "dit")
        base = tmp_path / name / "dit"
    stock = FluxKontextPipeline.from_pretrained(base)
    assert stock.vae.config.shift_factor == 0
    file = "transformer/diffusion_pytorch_model.safetensors"
    first, second = (load_file(tmp_path / name / "dit" / file) for name in ("one", "other"))
    apart = max(float((first[n].float() - second[n].float()).abs().max()) for n in first)
    assert 0 < apart < 0.05  # one step of training


def test_the_shipped_weights_follow_words_in_a_stock_pipeline():
    pipe = FluxKontextPipeline.from_pretrained(SHIPPED, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    rng = np.random.default_rng(987_654)  # training never drew from it
    gained = []
    for name in ("night", "sepia", "negative", "snow"):
        pairs = [EDITS[name].make(rng, 64) for _ in range(4)]
        before, truth = (
            torch.from_numpy(np.stack([side.pixels for side in each])).permute(0, 3, 1, 2) * 2 - 1
            for each in zip(*((p.before, p.after) for p in pairs), strict=True)
        )
        made = dit.edited(pipe, before, [pair.instruction for pair in pairs])
        gained.append(float((psnr(made, truth) - psnr(before, truth)).mean()))
    assert min(gained) > 0
    assert np.mean(gained) > 5  # dB over doing nothing


def test_both_embedded_models_fit_into_a_package():
    files = [f for folder in (EMBEDDED, SHIPPED) for f in folder.rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in files) < 80e6
