"""A contact sheet shows small pictures as they are: no pixel of one is wider than another."""

import numpy as np
import pytest

from brushctl.bench.contact_sheet import Row, contact_sheet


@pytest.mark.parametrize(("picture", "shown"), [(40, 80), (90, 90), (150, 100)])
def test_a_picture_is_enlarged_by_a_whole_number_and_reduced_to_fit(picture, shown):
    red = np.full((picture, picture, 3), [1, 0, 0], np.float32)
    sheet = np.asarray(contact_sheet("", [""], [Row([red])], side=100)).astype(int)
    assert (sheet[..., 0] - sheet[..., 1] > 200).any(0).sum() == shown


def test_text_is_larger_where_pictures_are():
    row = Row([np.zeros((8, 8, 3), np.float32)], "caption")
    small, large = (contact_sheet("title", [""], [row], side=side) for side in (192, 512))
    assert large.height - 512 > small.height - 192
