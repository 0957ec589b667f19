"""The compiled product of matrices: NumPy's, added to what is there, and to nothing else."""

import numba
import numpy as np
import pytest

from brushctl.grade.products import TOGETHER, adding_products

RNG = np.random.default_rng(2)


@pytest.mark.parametrize(("terms", "columns"), [(32, 32), (32, 8), (5, 3), (1, 1)])
@pytest.mark.parametrize("first", [0, 7])
def test_a_product_is_added_to_its_rows_and_columns(terms, columns, first):
    add_products = adding_products(terms, columns)

    @numba.njit
    def add(out, inputs, weights, row, first):
        add_products(out, inputs, weights, row, first)

    out = RNG.random((3 * TOGETHER, first + columns + 2), np.float32)
    inputs = RNG.random((3 * TOGETHER, terms + 1), np.float32)
    weights = RNG.random((terms + 1, columns), np.float32)
    meant, these = out.copy(), slice(TOGETHER, 2 * TOGETHER)
    meant[these, first : first + columns] += inputs[these, :terms] @ weights[:terms]
    add(out, inputs, weights, TOGETHER, first)
    np.testing.assert_allclose(out, meant, rtol=1e-5)
