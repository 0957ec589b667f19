"""The seam into the model: what the processors replace, for whom, and for how long."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel

from brushctl.engine.brush.attention import Brushed, brushed
from brushctl.engine.brush.guidance import Guidance
from brushctl.engine.brush.instruction import Instruction, initial
from brushctl.engine.brush.scales import Scales
from brushctl.engine.brush.sites import sites
from brushctl.engine.model.checkpoint import SD15
from brushctl.engine.pixels import to_model
from brushctl.engine.training.loop import trainable

PHRASE = "make it snow"


def test_the_sites_are_stable_diffusions_sixteen_cross_attention_layers():
    """Two in each of three levels on the way down, one in the middle, three on the way up."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(
            UNet2DConditionModel.load_config(SD15, subfolder="unet")
        )
    names = list(sites(unet))
    levels = [f"down_blocks.{k}" for k in (0, 0, 1, 1, 2, 2)]
    levels += [f"up_blocks.{k}" for k in (1, 1, 1, 2, 2, 2, 3, 3, 3)] + ["mid_block"]
    assert [name.split(".attentions")[0] for name in names] == levels
    assert names[0] == "down_blocks.0.attentions.0.transformer_blocks.0.attn2"


def test_there_are_features_for_every_site(base):
    assert list(initial(base, PHRASE, 5).features) == list(sites(base.unet))


def test_m_counts_the_start_and_end_of_the_phrase(base):
    words = base.tokenizer(PHRASE).input_ids
    K, V = next(iter(initial(base, PHRASE, 5).features.values()))
    assert K.shape[:2] == V.shape[:2] == (5, len(words))


def test_without_a_phrase_m_is_ten(base):
    K, _ = next(iter(initial(base, None, 5).features.values()))
    assert K.shape[:2] == (5, 10)


@pytest.mark.parametrize("t", [0, 1, 199, 200, 399, 400, 777, 800, 999])
def test_a_timestep_belongs_to_bucket_floor_of_t_j_over_train_steps(base, t):
    bucket = initial(base, PHRASE, 5).bucket(torch.tensor([t]))
    assert bucket.item() == t * 5 // 1000


def test_only_the_first_m_tokens_of_the_first_rows_are_replaced():
    features = {"site": (torch.ones(2, 3, 4), torch.ones(2, 3, 4))}
    state = Brushed(Instruction(torch.zeros(1, 8, 4), torch.zeros(1, 0), features))
    state.at(torch.tensor([0, 999]))
    laid = state.overlay(torch.zeros(5, 8, 4), features["site"][0])
    assert laid[:2, :3].eq(1).all()
    assert laid[:2, 3:].eq(0).all()
    assert laid[2:].eq(0).all()


def test_each_row_reads_its_own_bucket():
    K = torch.arange(5.0).view(5, 1, 1)
    edges = (0, 200, 400, 600, 800, 1000)
    state = Brushed(Instruction(torch.zeros(1, 4, 1), torch.zeros(1, 0), {"site": (K, K)}, edges))
    state.at(torch.tensor([999, 0, 400]))
    assert state.overlay(torch.zeros(3, 4, 1), K)[:, 0, 0].tolist() == [4, 0, 2]


def test_a_token_of_weight_w_counts_as_w_equal_tokens(base, pictures):
    """Adding ln w to a logit multiplies its softmax weight by w."""
    one = initial(base, PHRASE, 1)
    m = next(iter(one.features.values()))[0].shape[1]
    condition = base.encode(to_model(pictures[:1]))
    t, z = torch.tensor([500]), torch.zeros_like(condition)

    def predicted(instruction):
        with torch.no_grad(), brushed(base.unet, instruction) as state:
            return Guidance(base, state, Scales(1, 1)).predict(z, t, condition)

    end = {
        s: (torch.cat([K, K[:, -1:]], 1), torch.cat([V, V[:, -1:]], 1))
        for s, (K, V) in one.features.items()
    }
    # The padding tokens after the learned ones go, so that both count the same tokens.
    doubled = replace(one, text=one.text[:, : m + 1], features=end)
    weights = torch.tensor([[1.0] * (m - 1) + [2.0]])
    weighted = replace(one, text=one.text[:, :m], weights=weights)
    torch.testing.assert_close(predicted(weighted), predicted(doubled), atol=1e-5, rtol=1e-4)


def hooks(unet):
    return [dict(module._forward_hooks) for module in unet.modules()]


def test_hooks_and_processors_are_gone_when_the_context_closes(base):
    own = initial(base, PHRASE, 5)
    m = next(iter(own.features.values()))[0].shape[1]
    weighted = replace(own, weights=torch.full((1, m), 2.0))
    before = hooks(base.unet), dict(base.unet.attn_processors)
    with brushed(base.unet, weighted):
        assert (hooks(base.unet), dict(base.unet.attn_processors)) != before
    assert (hooks(base.unet), dict(base.unet.attn_processors)) == before
    with pytest.raises(KeyError), brushed(base.unet, own):
        raise KeyError
    assert (hooks(base.unet), dict(base.unet.attn_processors)) == before


def test_without_weights_the_processors_stay_the_model_s_own(base):
    before = dict(base.unet.attn_processors)
    with brushed(base.unet, initial(base, PHRASE, 5)):
        assert base.unet.attn_processors == before


def test_only_the_brush_receives_gradients(base, pictures):
    instruction = trainable(initial(base, PHRASE, 5))
    condition = base.encode(to_model(pictures[:1]))
    with brushed(base.unet, instruction) as state:
        guided = Guidance(base, state, Scales(7.5, 1.5))
        guided.brushed_term(condition, torch.tensor([650]), condition).sum().backward()
    for K, V in instruction.features.values():
        for feature in (K, V):
            assert feature.grad[3].abs().sum() > 0  # t = 650 is in bucket 3 of 5
            assert feature.grad[[0, 1, 2, 4]].abs().sum() == 0
    frozen = (base.unet, base.vae, base.family.text_encoder)
    assert all(p.grad is None for part in frozen for p in part.parameters())
