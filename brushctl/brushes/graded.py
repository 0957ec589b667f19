"""What a brush says of its grade: of lattices and networks, and of how grades were mixed.

A grade is a lattice with or without a network (`GradeInfo`), or a mix of grades: a weighted mean
(`GradeBlend`) or one after the other (`GradeStack`), whose members may be mixes again. The numbers
themselves are tensors; `tensor_shapes` says which ones a document announces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from brushctl.brushes import limits
from brushctl.brushes.defects import ContradictionError, VersionError
from brushctl.brushes.fields import Fields, Read, Record, array, boolean, choice, count, number
from brushctl.brushes.strict_json import join

FEATURES = 1
"""The version of what the groups of features hold."""
COLOUR_COLUMNS = 4
"""Of every network: red, green, blue and luma."""
COLUMNS = {"tones": 32, "place": 6, "surroundings": 13}
"""Columns of each group of features."""
OUTPUTS = 6
"""Gain and offset of red, green and blue."""
PREFIX = "grade"
"""What the names of a grade's tensors begin with, before a dot."""


@dataclass(frozen=True, slots=True)
class KeptInfo(Record):
    """What a grade leaves as it is, exactly: see `brushctl.grade.apply.Kept`."""

    black: Annotated[bool, boolean]
    white: Annotated[bool, boolean]
    greys: Annotated[bool, boolean]
    nothing_but_greys: Annotated[bool, boolean]


def known_features(value: object, path: str) -> int:
    """The version of the features of a network, which this program must know.

    Raises:
        VersionError: it does not.
    """
    if (found := count(value, path)) != FEATURES:
        raise VersionError(
            f"the grade reads features of version {found}, and this brushctl has {FEATURES}",
            where=path,
            do="Update brushctl.",
        )
    return found


@dataclass(frozen=True, slots=True)
class NetworkInfo(Record):
    """The network above a lattice.

    Attributes:
        groups: of features that it reads besides the colour: `tones`, `place`, `surroundings`.
        width: units of each hidden layer.
        features: the version of what the groups hold.
    """

    groups: Annotated[tuple[str, ...], array(choice(*COLUMNS))]
    width: Annotated[int, limits.grade_width]
    features: Annotated[int, known_features] = FEATURES
    FIRST = ("features",)

    @property
    def columns(self) -> int:
        """How many features it reads of a pixel."""
        return COLOUR_COLUMNS + sum(COLUMNS[group] for group in self.groups)

    def check(self, path: str) -> None:
        """See `Record.check`."""
        if len(set(self.groups)) < len(self.groups):
            raise ContradictionError("must name each group once", where=join(path, "groups"))


@dataclass(frozen=True, slots=True)
class GradeInfo(Record):
    """One grade: a lattice, and a network where one was worth it.

    Attributes:
        nodes: of the lattice, along each channel.
        kept: what stays exactly as it is.
        network: None where the lattice is all.
    """

    nodes: Annotated[int, limits.grade_nodes]
    kept: Annotated[KeptInfo, KeptInfo.from_dict]
    network: Annotated[NetworkInfo | None, NetworkInfo.from_dict] = None


@dataclass(frozen=True, slots=True)
class GradeTerm(Record):
    """A grade of a blend, with its weight."""

    weight: Annotated[float, limits.share]
    grade: "Annotated[AnyGradeInfo, read_grade]"


@dataclass(frozen=True, slots=True)
class GradeBlend(Record):
    """The weighted sum of what grades make of a picture; what lacks to 1 is the picture's own."""

    blend: Annotated[tuple[GradeTerm, ...], array(GradeTerm.from_dict, least=1)]


@dataclass(frozen=True, slots=True)
class GradeStack(Record):
    """Grades one after the other: each grades what the one before it made."""

    stack: "Annotated[tuple[AnyGradeInfo, ...], array(read_grade, least=1)]"


@dataclass(frozen=True, slots=True)
class Zone(Record):
    """What becomes of one grey, in CIELAB (D65).

    Attributes:
        lightness: change of L*.
        warmth: change of b*: above 0 towards yellow, below towards blue.
        tint: change of a*: above 0 towards magenta, below towards green.
    """

    lightness: Annotated[float, number]
    warmth: Annotated[float, number]
    tint: Annotated[float, number]


@dataclass(frozen=True, slots=True)
class Place(Record):
    """How much lighter a grade makes some places than others, as differences of changes of L*.

    Attributes:
        edges: the corners and edges, against the centre.
        top: the upper third of the frame, against the lower.
        left: the left third of the frame, against the right.
    """

    edges: Annotated[float, number]
    top: Annotated[float, number]
    left: Annotated[float, number]


@dataclass(frozen=True, slots=True)
class Look(Record):
    """What a grade does to colours, as its maker measured it, for people.

    Where it has networks, that is what it does on average to a chart that has these colours all
    over the frame.

    Attributes:
        shadows: what becomes of the grey of L* 20.
        midtones: what becomes of the grey of L* 50.
        highlights: what becomes of the grey of L* 80.
        contrast: how far the greys of shadows and highlights are apart, against before.
        saturation: how far colours of all hues are from their mean, against before; 0 is black and
            white, toned or not.
        place: how that differs from place to place; None where networks do not read the place.
    """

    shadows: Annotated[Zone, Zone.from_dict]
    midtones: Annotated[Zone, Zone.from_dict]
    highlights: Annotated[Zone, Zone.from_dict]
    contrast: Annotated[float, number]
    saturation: Annotated[float, number]
    place: Annotated[Place | None, Place.from_dict] = None


AnyGradeInfo = GradeInfo | GradeBlend | GradeStack

KINDS: dict[str, Read[AnyGradeInfo]] = {
    "nodes": GradeInfo.from_dict,
    "blend": GradeBlend.from_dict,
    "stack": GradeStack.from_dict,
}
"""The member that tells what kind of grade it is, and what reads it."""


def read_grade(data: object, path: str) -> AnyGradeInfo:
    """A grade of any kind.

    Raises:
        FieldError: a field is missing, of another type, or out of range.
        ContradictionError: it is of no kind, or of several.
        VersionError: its network reads features that this version does not know.
    """
    kinds = KINDS.keys() & Fields(data, path).rest().keys()
    if len(kinds) != 1:
        raise ContradictionError("must have one of nodes, blend and stack", where=path)
    return KINDS[kinds.pop()](data, path)


def read_whole_grade(data: object, path: str) -> AnyGradeInfo:
    """A brush's grade: one that costs no more than the limits allow.

    Raises:
        ContradictionError: it has too many grades, or is mixed too deeply; see also `read_grade`.
    """
    grade = read_grade(data, path)
    if (found := len(dict(single_grades(grade)))) > limits.GRADES:
        raise ContradictionError(
            f"has {found} grades; at most {limits.GRADES} are allowed", where=path
        )
    if (deep := _depth(grade)) > limits.GRADE_DEPTH:
        raise ContradictionError(
            f"has mixes {deep} deep; at most {limits.GRADE_DEPTH} are allowed", where=path
        )
    return grade


def is_graded(tensor: str) -> bool:
    """Whether a tensor is the grade's, by its name."""
    return tensor.startswith(f"{PREFIX}.")


def members(grade: AnyGradeInfo) -> "tuple[AnyGradeInfo, ...]":
    """The grades that a mix is made of; none of a single grade."""
    match grade:
        case GradeBlend(blend=terms):
            return tuple(term.grade for term in terms)
        case GradeStack(stack=grades):
            return grades
        case _:
            return ()


def single_grades(grade: AnyGradeInfo, prefix: str = PREFIX) -> Iterator[tuple[str, GradeInfo]]:
    """The lattices and networks of a grade, with what the names of their tensors begin with."""
    if isinstance(grade, GradeInfo):
        yield prefix, grade
    for k, member in enumerate(members(grade)):
        yield from single_grades(member, f"{prefix}.{k}")


def tensor_shapes(grade: AnyGradeInfo | None) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a grade's tensors."""
    shapes: dict[str, tuple[int, ...]] = {}
    for prefix, info in single_grades(grade) if grade else ():
        shapes[f"{prefix}.affine"] = (3, 4)
        shapes[f"{prefix}.nodes"] = (info.nodes, info.nodes, info.nodes, 3)
        if network := info.network:
            inputs, width = network.columns + 1, network.width
            shapes[f"{prefix}.network.first"] = (inputs, width)
            shapes[f"{prefix}.network.second"] = (width + 1, width)
            shapes[f"{prefix}.network.third"] = (width, OUTPUTS)
            shapes[f"{prefix}.network.straight"] = (inputs, OUTPUTS)
    return shapes


def _depth(grade: AnyGradeInfo) -> int:
    """How many mixes lie within each other."""
    return 1 + max(map(_depth, inner)) if (inner := members(grade)) else 0
