"""What a brush says of its grade: of lattices and networks, and of how grades were mixed.

A grade is a lattice with or without a network (`GradeInfo`), or a mix of grades: a weighted mean
(`GradeBlend`) or one after the other (`GradeStack`), whose members may be mixes again. The numbers
themselves are tensors; `tensor_shapes` says which ones a document announces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

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

    black: bool
    white: bool
    greys: bool
    nothing_but_greys: bool

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            black=f.take("black", boolean),
            white=f.take("white", boolean),
            greys=f.take("greys", boolean),
            nothing_but_greys=f.take("nothing_but_greys", boolean),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class NetworkInfo(Record):
    """The network above a lattice.

    Attributes:
        groups: of features that it reads besides the colour: `tones`, `place`, `surroundings`.
        width: units of each hidden layer.
        features: the version of what the groups hold.
    """

    groups: tuple[str, ...]
    width: int
    features: int = FEATURES

    @property
    def columns(self) -> int:
        """How many features it reads of a pixel."""
        return COLOUR_COLUMNS + sum(COLUMNS[group] for group in self.groups)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        features = f.take("features", count)
        if features != FEATURES:
            raise VersionError(
                f"the grade reads features of version {features}, this brushctl has {FEATURES}",
                where=join(path, "features"),
                do="Update brushctl.",
            )
        groups = f.take("groups", array(choice(*COLUMNS)))
        if len(set(groups)) < len(groups):
            raise ContradictionError("must name each group once", where=join(path, "groups"))
        return cls(groups, f.take("width", limits.grade_width), features, extra=f.rest())


@dataclass(frozen=True, slots=True)
class GradeInfo(Record):
    """One grade: a lattice, and a network where one was worth it.

    Attributes:
        nodes: of the lattice, along each channel.
        kept: what stays exactly as it is.
        network: None where the lattice is all.
    """

    nodes: int
    kept: KeptInfo
    network: NetworkInfo | None = None

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            nodes=f.take("nodes", limits.grade_nodes),
            kept=f.take("kept", KeptInfo.from_dict),
            network=f.maybe("network", NetworkInfo.from_dict),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class GradeTerm(Record):
    """A grade of a blend, with its weight."""

    weight: float
    grade: "AnyGradeInfo"

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(f.take("weight", limits.share), f.take("grade", read_grade), extra=f.rest())


@dataclass(frozen=True, slots=True)
class GradeBlend(Record):
    """The weighted sum of what grades make of a picture; what lacks to 1 is the picture's own."""

    blend: tuple[GradeTerm, ...]

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(f.take("blend", array(GradeTerm.from_dict, least=1)), extra=f.rest())


@dataclass(frozen=True, slots=True)
class GradeStack(Record):
    """Grades one after the other: each grades what the one before it made."""

    stack: "tuple[AnyGradeInfo, ...]"

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(f.take("stack", array(read_grade, least=1)), extra=f.rest())


@dataclass(frozen=True, slots=True)
class Zone(Record):
    """What becomes of one grey, in CIELAB (D65).

    Attributes:
        lightness: change of L*.
        warmth: change of b*: above 0 towards yellow, below towards blue.
        tint: change of a*: above 0 towards magenta, below towards green.
    """

    lightness: float
    warmth: float
    tint: float

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            lightness=f.take("lightness", number),
            warmth=f.take("warmth", number),
            tint=f.take("tint", number),
            extra=f.rest(),
        )


@dataclass(frozen=True, slots=True)
class Look(Record):
    """What a grade without networks does to colours, as its maker measured it, for people.

    Attributes:
        shadows: what becomes of the grey of L* 20.
        midtones: what becomes of the grey of L* 50.
        highlights: what becomes of the grey of L* 80.
        contrast: how far the greys of shadows and highlights are apart, against before.
        saturation: how far colours of all hues are from their mean, against before; 0 is black and
            white, toned or not.
    """

    shadows: Zone
    midtones: Zone
    highlights: Zone
    contrast: float
    saturation: float

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        f = Fields(data, path)
        return cls(
            shadows=f.take("shadows", Zone.from_dict),
            midtones=f.take("midtones", Zone.from_dict),
            highlights=f.take("highlights", Zone.from_dict),
            contrast=f.take("contrast", number),
            saturation=f.take("saturation", number),
            extra=f.rest(),
        )


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
        raise ContradictionError(f"has {found} grades, at most {limits.GRADES} fit", where=path)
    if (deep := _depth(grade)) > limits.GRADE_DEPTH:
        raise ContradictionError(
            f"is mixed {deep} times over, at most {limits.GRADE_DEPTH} fit", where=path
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
