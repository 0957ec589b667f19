"""Small products of matrices in compiled loops, whose sums stay in vector registers.

Loops over single numbers keep them in memory, and take two to three times as long.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from brushctl.photos.vectors import floats, plus_product, repeated

TOGETHER = 4
"""Rows that share each load of the weights; their sums fill a part of the registers."""


def adding_products(terms: int, columns: int) -> Any:  # noqa: ANN401  (numba's own)
    """What adds products with weights of one shape, for compiled loops.

    It is called with (out, inputs, weights, row, first), and for `TOGETHER` rows from `row` on does

        out[row, first + j] += sum over i of inputs[row, i] weights[i, j]

    term after term, where the arrays are float32 in C order.

    Args:
        terms: of each sum, the values of i.
        columns: the values of j.
    """
    sums_of_row = floats(columns)

    @intrinsic
    def add_products(_: Any, out: Any, inputs: Any, weights: Any, row: Any, first: Any) -> Any:  # noqa: ANN401
        return types.void(out, inputs, weights, row, first), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        kinds = signature.args[:3]
        out, inputs, weights = (
            (kind, context.make_array(kind)(context, builder, value))
            for kind, value in zip(kinds, values[:3], strict=True)
        )
        row, first = values[3:]

        def number(value: int) -> Any:  # noqa: ANN401
            return ir.Constant(row.type, value)

        def at(array: Any, *indices: Any) -> Any:  # noqa: ANN401
            kind, made = array
            return cgutils.get_item_pointer(context, builder, kind, made, indices)

        def vector_at(array: Any, *indices: Any) -> Any:  # noqa: ANN401
            return builder.bitcast(at(array, *indices), sums_of_row.as_pointer())

        rows = [builder.add(row, number(k)) for k in range(TOGETHER)]
        sums = [cgutils.alloca_once(builder, sums_of_row) for _ in rows]
        for k, total in zip(rows, sums, strict=True):
            builder.store(builder.load(vector_at(out, k, first), align=4), total)
        with cgutils.for_range(builder, number(terms), intp=row.type) as loop:
            factors = builder.load(vector_at(weights, loop.index, number(0)), align=4)
            for k, total in zip(rows, sums, strict=True):
                value = repeated(builder, builder.load(at(inputs, k, loop.index)), sums_of_row)
                builder.store(plus_product(builder, builder.load(total), value, factors), total)
        for k, total in zip(rows, sums, strict=True):
            builder.store(builder.load(total), vector_at(out, k, first), align=4)
        return context.get_dummy_value()

    return add_products
