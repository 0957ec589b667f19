"""What training does to weights without changing what a model computes."""

import copy

import pytest
import torch

from brushctl.engine.brush.instruction import initial
from brushctl.engine.model.base import open_base
from brushctl.tiny.train.pictures import psnr
from brushctl.tiny.train.unet import LEARNING_RATIO, TRAINING_RATIO, new_unet, set_key_value_scale
from brushctl.tiny.train.vae import LATENTS, new_vae, pixel_worth, whiten
from brushctl.tiny.train.widening import widen


@pytest.fixture(scope="module")
def base():
    return open_base(None, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def predicted(unet, latents):
    source = torch.Generator().manual_seed(1)
    seen = torch.randn(2, 2 * latents, 16, 16, generator=source)
    words = torch.randn(2, 5, 128, generator=source)
    with torch.no_grad():
        return unet(seen, torch.tensor([999, 300]), words).sample


def test_scaling_keys_and_values_changes_no_prediction(base):
    unet = copy.deepcopy(base.unet)
    set_key_value_scale(unet, TRAINING_RATIO)
    features = [t for KV in initial(replaced(base, unet), "snow", 1).features.values() for t in KV]
    expected = predicted(unet, LATENTS)
    set_key_value_scale(unet, LEARNING_RATIO)
    scaled = [t for KV in initial(replaced(base, unet), "snow", 1).features.values() for t in KV]
    assert torch.equal(predicted(unet, LATENTS), expected)
    for before, after in zip(features, scaled, strict=True):
        torch.testing.assert_close(after * 32, before, rtol=1e-5, atol=1e-5)


def replaced(base, unet):
    other = copy.copy(base)
    object.__setattr__(other, "unet", unet)
    return other


def test_the_shipped_weights_have_the_scale_for_learning(base):
    unet = copy.deepcopy(base.unet)
    set_key_value_scale(unet, LEARNING_RATIO)
    for name, weight in base.unet.state_dict().items():
        assert torch.equal(unet.state_dict()[name], weight), name


def test_a_widened_autoencoder_begins_as_the_narrow_one(pictures, monkeypatch):
    monkeypatch.setattr("brushctl.tiny.train.vae.LATENTS", 16)
    narrow = new_vae().eval()
    monkeypatch.undo()
    wide = new_vae().eval()
    widen(wide, narrow.state_dict(), latents=16)
    with torch.no_grad():
        z, Z = (vae.encode(pictures).latent_dist.mean for vae in (narrow, wide))
        torch.testing.assert_close(Z[:, :16], z)
        assert float(Z[:, 16:].std()) > 0
        torch.testing.assert_close(wide.decode(Z).sample, narrow.decode(z).sample)


def test_a_widened_unet_begins_as_the_narrow_one(monkeypatch):
    monkeypatch.setattr("brushctl.tiny.train.unet.LATENTS", 16)
    narrow = new_unet().eval()
    monkeypatch.undo()
    wide = new_unet().eval()
    widen(wide, narrow.state_dict(), latents=16)
    source = torch.Generator().manual_seed(2)
    noised, picture = (torch.randn(2, 24, 16, 16, generator=source) for _ in range(2))
    words, t = torch.randn(2, 5, 128, generator=source), torch.tensor([999, 300])
    with torch.no_grad():
        y = narrow(torch.cat([noised[:, :16], picture[:, :16]], 1), t, words).sample
        Y = wide(torch.cat([noised, picture], 1), t, words).sample
    torch.testing.assert_close(Y[:, :16], y, rtol=1e-4, atol=1e-5)


def test_whitening_changes_no_reconstruction(pictures):
    vae = new_vae().eval()
    with torch.no_grad():
        expected = vae(pictures).sample
        whiten(vae, pictures)
        z = vae.encode(pictures).latent_dist.mean
        torch.testing.assert_close(vae(pictures).sample, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(z.std((0, 2, 3)), torch.ones(LATENTS), rtol=1e-2, atol=1e-2)


def test_the_worth_of_latents_predicts_the_pixels_error(base, pictures):
    """Errors along A's most worthy direction cost more in pixels than along its least."""
    vae = base.vae
    A = pixel_worth(vae, pictures)
    source = torch.Generator().manual_seed(3)
    with torch.no_grad():
        z = vae.encode(pictures).latent_dist.mean
        y = vae.decode(z).sample
        costs = []
        for direction in torch.linalg.eigh(A).eigenvectors.T[[0, -1]]:
            d = 0.02 * torch.randn(4, 1, 16, 16, generator=source) * direction[:, None, None]
            pixels = float((vae.decode(z + d).sample - y).square().mean())
            costs.append((float((torch.einsum("cd,ndij->ncij", A, d)).square().mean()), pixels))
    (least, low), (most, high) = costs
    assert high > 5 * low
    assert most > 5 * least


def test_psnr_is_the_textbooks():
    black, grey = torch.full((1, 3, 4, 4), -1.0), torch.full((1, 3, 4, 4), -0.8)
    assert float(psnr(black, grey)) == pytest.approx(20.0)  # 0.1 of the range
