"""CLIP opens from a folder without the network, and gives unit vectors in one space."""

import json

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPTokenizer

from brushctl.engine.clip import PAPER_CLIP, TINY_CLIP, default_clip, load_clip
from brushctl.errors import BaseModelError

TEXTS = ["a dog in the snow", "a dog at night", "a boat"]
TOKENS = 16


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A random CLIP of 32 px in open_clip's folder layout."""
    out = tmp_path_factory.mktemp("clip")
    blank = CLIPTokenizer(model_max_length=TOKENS)
    tokenizer = blank.train_new_from_iterator(TEXTS, vocab_size=600)
    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
        "text_cfg": {
            "context_length": TOKENS,
            "vocab_size": len(tokenizer),
            "width": 32,
            "heads": 2,
            "layers": 1,
            "hf_tokenizer_name": "tokenizer",
            "pool_type": "eos",
            "eos_id": tokenizer.eos_token_id,
            "pad_id": tokenizer.pad_token_id,
        },
    }
    torch.manual_seed(0)
    model = open_clip.CLIP(**config)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, out / "open_clip_model.safetensors")
    described = {"model_cfg": config, "preprocess_cfg": {"resize_mode": "squash"}}
    (out / "open_clip_config.json").write_text(json.dumps(described))
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture(scope="session")
def clip(folder):
    return load_clip(str(folder), torch.device("cpu"))


def finish(work):
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def test_pictures_of_any_size_become_unit_vectors(clip):
    rng = np.random.default_rng(0)
    pictures = [rng.random((h, w, 3), np.float32) for h, w in ((32, 32), (50, 41))] * 10
    features = clip.encode_images(pictures)
    assert features.shape == (20, 24)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[18:], features[:2], atol=1e-5)


def test_phrases_become_unit_vectors_whatever_their_batch(clip):
    features = finish(clip.encode_texts(TEXTS * 60))
    assert features.shape == (180, 24)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[177:], finish(clip.encode_texts(TEXTS)), atol=1e-5)
    assert np.abs(features[0] - features[1]).max() > 1e-3


def test_words_never_seen_and_overlong_phrases_are_read(clip):
    features = finish(clip.encode_texts(["zebra crossing", "dog " * 50]))
    assert np.isfinite(features).all()


def test_a_clip_may_bring_its_own_vocabulary(clip, folder, tmp_path):
    assert clip.vocabulary is None
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "vocabulary.txt").write_text("a dog\n")
    assert load_clip(str(tmp_path), torch.device("cpu")).vocabulary == "a dog\n"


@pytest.mark.parametrize("name", ["No-Such-Model/openai", "ViT-L-14/no-such-tag", "nothing"])
def test_an_unknown_model_is_explained(name):
    with pytest.raises(BaseModelError) as caught:
        load_clip(name, torch.device("cpu"))
    assert caught.value.where == name
    assert caught.value.do


def test_a_folder_without_a_model_is_explained(tmp_path):
    with pytest.raises(BaseModelError, match="cannot be opened"):
        load_clip(str(tmp_path), torch.device("cpu"))


def test_each_base_has_its_clip():
    assert default_clip("tiny-ip2p") == str(TINY_CLIP)
    assert default_clip("timbrooks/instruct-pix2pix") == PAPER_CLIP
