"""Vector registers in compiled loops, where LLVM does not find by itself what goes together."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

EXACT = ("contract",)
"""LLVM may add a product in one rounding, and in no other order."""
_INDEX = ir.IntType(32)


def floats(count: int) -> Any:  # noqa: ANN401  (llvmlite's own)
    """The type of so many float32 in a register."""
    return ir.VectorType(ir.FloatType(), count)


def repeated(builder: Any, value: Any, vector: Any) -> Any:  # noqa: ANN401
    """A vector of one value."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_INDEX, 0))
    return selected(builder, one, [0] * vector.count)


def selected(builder: Any, vector: Any, lanes: Sequence[int]) -> Any:  # noqa: ANN401
    """Some values of a vector."""
    nothing = ir.Constant(vector.type, ir.Undefined)
    which = ir.Constant(ir.VectorType(_INDEX, len(lanes)), list(lanes))
    return builder.shuffle_vector(vector, nothing, which)


def lane(builder: Any, vector: Any, index: int) -> Any:  # noqa: ANN401
    """One value of a vector."""
    return builder.extract_element(vector, ir.Constant(_INDEX, index))


def plus_product(builder: Any, total: Any, value: Any, factor: Any) -> Any:  # noqa: ANN401
    """The total plus value times factor."""
    return builder.fadd(total, builder.fmul(value, factor, flags=EXACT), flags=EXACT)
