"""What comes out of a pipeline lies over what went in, at its size."""

from types import SimpleNamespace

import numpy as np
import pytest

from brushctl.engine.flow import offsets
from brushctl.engine.flow.editor import FlowEditor
from brushctl.errors import PhotoError
from brushctl.photos.photo import resize
from tests.photos.looks import in_look, photograph

SIDE = 128


def edited(picture, answer):
    """The picture as edited with a pipeline that gives this answer, its autoencoder perfect.

    No small random pipeline moves a picture that one could recognise.
    """
    model = SimpleNamespace(
        pipe=lambda **_: SimpleNamespace(images=[answer]),
        arguments=lambda *_: {},
        reconstruct=lambda image: image,
    )
    return FlowEditor(model, offsets.in_words("warm")).edit([picture])[0]


def test_an_edit_that_the_model_has_shifted_is_laid_back():
    picture = photograph("astronaut", SIDE)
    truth = in_look(picture, "warm")
    after = edited(picture, np.roll(truth, (3, -2), (0, 1))).after
    np.testing.assert_allclose(after[8:-8, 8:-8], truth[8:-8, 8:-8], atol=0.03)


def test_an_edit_in_place_is_the_pipelines_own():
    picture = photograph("astronaut", SIDE)
    answer = in_look(picture, "warm")
    assert edited(picture, answer).after is answer


def test_an_answer_of_another_size_is_brought_to_the_pictures():
    picture = photograph("astronaut", SIDE)
    truth = in_look(picture, "warm")
    after = edited(picture, resize(truth, (160, 144))).after
    assert after.shape == picture.shape
    assert np.sqrt(np.mean((after - truth) ** 2)) < 0.02


def test_a_picture_that_was_moved_too_far_fails():
    picture = photograph("astronaut", SIDE)
    with pytest.raises(PhotoError, match="the model moved the picture by 20 pixels of 128 x 128"):
        edited(picture, np.roll(in_look(picture, "warm"), 20, axis=1))
