"""A grade as a brush keeps it: what the document says of it, and its tensors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.brushes.file import Brush
from brushctl.brushes.graded import (
    PREFIX,
    AnyGradeInfo,
    GradeBlend,
    GradeInfo,
    GradeStack,
    GradeTerm,
    KeptInfo,
    NetworkInfo,
)
from brushctl.errors import BrushMismatchError
from brushctl.grade.apply import AnyGrade, Blend, Grade, Kept, Stack
from brushctl.grade.lattice import Lattice
from brushctl.grade.network import WIDTH, Network

Tensors = Mapping[str, NDArray[Any]]
LAYERS = ("first", "second", "third", "straight")


def grade_of(brush: Brush, strength: float = 1.0) -> AnyGrade | None:
    """The grade that a brush keeps, at a strength; None where it has none.

    Raises:
        BrushMismatchError: its network is of a width that this version does not apply.
    """
    info = brush.metadata.grade
    if info is None:
        return None
    grade = _read(info, brush, PREFIX)
    return grade if strength == 1 else Blend(((strength, grade),))


def to_tensors(grade: AnyGrade) -> tuple[AnyGradeInfo, dict[str, NDArray[Any]]]:
    """What a brush keeps of a grade: the document's member `grade`, and the tensors.

    Raises:
        ValueError: the grade, or one of a mix, changes nothing: a brush has no such grade.
    """
    tensors: dict[str, NDArray[Any]] = {}
    return _write(grade, PREFIX, tensors), tensors


def _read(info: AnyGradeInfo, brush: Brush, prefix: str) -> AnyGrade:
    match info:
        case GradeBlend(blend=terms):
            return Blend(
                tuple(
                    (t.weight, _read(t.grade, brush, f"{prefix}.{k}")) for k, t in enumerate(terms)
                )
            )
        case GradeStack(stack=grades):
            return Stack(tuple(_read(g, brush, f"{prefix}.{k}") for k, g in enumerate(grades)))
        case GradeInfo():
            return _read_single(info, brush, prefix)


def _read_single(info: GradeInfo, brush: Brush, prefix: str) -> Grade:
    def tensor(name: str) -> NDArray[Any]:
        """A copy: a file's bytes may lie at any address, and compiled loops want them aligned."""
        return np.array(brush.tensors[f"{prefix}.{name}"], order="C")

    kept = info.kept
    network = None
    if info.network:
        if info.network.width != WIDTH:
            raise BrushMismatchError(
                f"its grade has a network of width {info.network.width}, "
                f"this version of brushctl applies {WIDTH} only",
                where=brush.metadata.name,
                do="Update brushctl, or learn the brush again.",
            )
        network = Network(*(tensor(f"network.{layer}") for layer in LAYERS))
    return Grade(
        Lattice(tensor("affine"), tensor("nodes")),
        network,
        info.network.groups if info.network else (),
        Kept(kept.black, kept.white, kept.greys, kept.nothing_but_greys),
    )


def _write(grade: AnyGrade, prefix: str, tensors: dict[str, NDArray[Any]]) -> AnyGradeInfo:
    match grade:
        case Blend(terms=terms):
            return GradeBlend(
                tuple(
                    GradeTerm(weight, _write(each, f"{prefix}.{k}", tensors))
                    for k, (weight, each) in enumerate(terms)
                )
            )
        case Stack(grades=grades):
            return GradeStack(
                tuple(_write(each, f"{prefix}.{k}", tensors) for k, each in enumerate(grades))
            )
        case Grade():
            return _write_single(grade, prefix, tensors)


def _write_single(grade: Grade, prefix: str, tensors: dict[str, NDArray[Any]]) -> GradeInfo:
    if grade.lattice is None:
        raise ValueError("a grade that leaves pictures as they are is not kept")
    tensors[f"{prefix}.affine"] = grade.lattice.affine
    tensors[f"{prefix}.nodes"] = grade.lattice.nodes
    network = None
    if grade.network:
        layers = {layer: getattr(grade.network, layer) for layer in LAYERS}
        tensors.update({f"{prefix}.network.{layer}": layers[layer] for layer in LAYERS})
        network = NetworkInfo(grade.groups, layers["second"].shape[1])
    kept = grade.kept
    return GradeInfo(
        nodes=len(grade.lattice.nodes),
        kept=KeptInfo(kept.black, kept.white, kept.greys, kept.nothing_but_greys),
        network=network,
    )
