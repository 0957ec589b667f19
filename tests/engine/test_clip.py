"""CLIP opens from a folder without the network, and gives unit vectors in one space."""

import numpy as np
import open_clip
import pytest
import torch

from brushctl.engine.phrases.clip import (
    PAPER_CLIP,
    TINY_CLIP,
    default_clip,
    load_clip,
    load_clip_for,
)
from brushctl.errors import BaseModelError, DeviceMemoryError
from tests.engine.random_clip import TEXTS, write_random_clip


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_random_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def clip(folder):
    return load_clip(str(folder), torch.device("cpu"))


def test_pictures_of_any_size_become_unit_vectors(clip):
    rng = np.random.default_rng(0)
    pictures = [rng.random((h, w, 3), np.float32) for h, w in ((32, 32), (50, 41))] * 10
    features = clip.encode_images(pictures)
    assert features.shape == (20, 24)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[18:], features[:2], atol=1e-5)


def test_phrases_become_unit_vectors_whatever_their_batch(clip):
    features = clip.encode_texts(TEXTS * 60)
    assert features.shape == (180, 24)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[177:], clip.encode_texts(TEXTS), atol=1e-5)
    assert np.abs(features[0] - features[1]).max() > 1e-3


def test_words_never_seen_and_overlong_phrases_are_read(clip):
    features = clip.encode_texts(["zebra crossing", "dog " * 50])
    assert np.isfinite(features).all()


def test_phrases_are_encoded_once(clip):
    first = clip.encode_texts(["a dog", "a cat"])
    events = []
    again = clip.encode_texts(["a dog", "a cat"], report=events.append)
    assert events == []  # no progress, for there is no work
    np.testing.assert_array_equal(again, first)
    assert not np.array_equal(clip.encode_texts(["a cat", "a dog"]), first)


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


def test_the_papers_clip_has_the_activation_its_weights_were_trained_with():
    import open_clip

    assert open_clip.get_model_config(PAPER_CLIP.rpartition("/")[0])["quick_gelu"]


def test_a_clip_that_does_not_fit_into_memory_is_not_taken_for_a_missing_one(monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(open_clip, "create_model_from_pretrained", full)
    with pytest.raises(DeviceMemoryError, match="CLIP does not fit"):
        load_clip_for("tiny-ip2p", torch.device("cpu"))
