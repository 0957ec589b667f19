"""Brushes for tests: a plain one, and Hypothesis strategies for every valid one."""

import string
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.graded import (
    GradeBlend,
    GradeInfo,
    GradeStack,
    GradeTerm,
    KeptInfo,
    Look,
    NetworkInfo,
    Place,
    Zone,
    tensor_shapes,
)
from brushctl.brushes.metadata import (
    Apply,
    Base,
    Buckets,
    GradeScore,
    HeldOut,
    Instruction,
    InstructionTraining,
    Lineage,
    Metadata,
    Parent,
    Segment,
    Training,
    UniquePhrase,
)
from brushctl.grade.apply import AnyGrade, Grade, Kept
from brushctl.grade.lattice import Lattice
from brushctl.grade.network import WIDTH, Network
from brushctl.grade.stored import to_tensors

SITES = ("down.0.attn2", "mid.attn2", "up.0.attn2")
SAFE = 2**53 - 1


def plain(
    name: str = "warm",
    *,
    seed: int = 0,
    m: int = 3,
    j: int = 5,
    d: int = 4,
    dtype: str = "float16",
    unet: str = "0",
    phrase: str | None = None,
) -> Brush:
    """A brush as learning leaves it, with random features; sealed."""
    rng = np.random.default_rng(seed)
    metadata = Metadata(
        name=name,
        created="2026-01-02",
        tool="tests",
        instruction=Instruction(phrase, m, (Segment(m),)),
        buckets=Buckets.even(j, 1000),
        base=Base(f"base-{unet}", "tests", unet * 64),
        apply=Apply(7.5, 1.5, 20, 64),
    )
    features = {
        f"{site}.{kind}": rng.standard_normal((j, m, d)).astype(dtype)
        for site in SITES
        for kind in "kv"
    }
    return sealed(Brush(metadata, features))


characters = st.characters(exclude_categories=["Cc", "Cs"])
lines = st.text(characters, max_size=20)
names = st.text(characters, min_size=1, max_size=100)
sha256s = st.text(string.hexdigits[:16], min_size=64, max_size=64)
counts = st.integers(1, SAFE)
numbers = st.floats(allow_nan=False, allow_infinity=False)
positives = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
scales = st.floats(0, 1000)
token_weights = st.floats(1e-6, 1e6)
shares = st.floats(-1e6, 1e6)
moments = st.dates().map(str) | st.datetimes().map(lambda t: f"{t.isoformat(timespec='seconds')}Z")
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.integers(-SAFE, SAFE) | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=8,
)
# No version 1 field has a name of this kind, so that these are always unknown ones.
extras = st.dictionaries(lines.map(lambda key: f"new {key}"), json_values, max_size=2)


def optional(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


unique_phrases = st.builds(UniquePhrase, lines, numbers, extra=extras)
bases = st.builds(Base, lines, lines, sha256s, *[optional(lines)] * 2, extra=extras)
held_outs = st.builds(
    HeldOut,
    counts,
    *[numbers] * 2,
    *[optional(numbers)] * 4,
    folds=optional(counts),
    megapixels=optional(positives),
    extra=extras,
)
figures = st.lists(numbers, min_size=1, max_size=3).map(tuple)
learnings = st.builds(
    InstructionTraining,
    recipe=lines,
    steps=st.integers(1, 10**6),
    batch=counts,
    learning_rate=positives,
    loss_first=figures,
    loss_last=figures,
    extra=extras,
)
scores = st.builds(GradeScore, lines, st.lists(lines, max_size=2).map(tuple), numbers, extra=extras)
trainings = st.builds(
    Training,
    pairs_sha256=st.lists(sha256s, min_size=1, max_size=2).map(tuple),
    seed=st.integers(-SAFE, SAFE),
    instruction=optional(learnings),
    grade=optional(st.lists(scores, min_size=1, max_size=2).map(tuple)),
    held_out=optional(held_outs),
    extra=extras,
)
kept = st.builds(KeptInfo, *[st.booleans()] * 4, extra=extras)
networks = st.builds(
    NetworkInfo,
    st.lists(st.sampled_from(("tones", "place", "surroundings")), unique=True).map(tuple),
    st.integers(1, 3),
    extra=extras,
)
single_grades = st.builds(GradeInfo, st.integers(2, 3), kept, optional(networks), extra=extras)


def mixed_grades(inner: st.SearchStrategy) -> st.SearchStrategy:
    terms = st.lists(st.builds(GradeTerm, shares, inner, extra=extras), min_size=1, max_size=2)
    grades = st.lists(inner, min_size=1, max_size=2)
    return st.builds(GradeBlend, terms.map(tuple), extra=extras) | st.builds(
        GradeStack, grades.map(tuple), extra=extras
    )


grades = single_grades | mixed_grades(single_grades | mixed_grades(single_grades))
zones = st.builds(Zone, numbers, numbers, numbers, extra=extras)
places = st.builds(Place, numbers, numbers, numbers, extra=extras)
looks = st.builds(Look, zones, zones, zones, numbers, numbers, place=optional(places), extra=extras)


def parents(lineage: st.SearchStrategy) -> st.SearchStrategy:
    buckets = optional(st.lists(st.integers(0, 999), min_size=1, max_size=3).map(tuple))
    return st.builds(Parent, names, sha256s, shares, buckets, lineage, extra=extras)


lineages = st.recursive(
    st.none(),
    lambda inner: st.builds(
        Lineage, lines, st.lists(parents(inner), min_size=1, max_size=2).map(tuple), extra=extras
    ),
    max_leaves=3,
)


@st.composite
def buckets(draw: st.DrawFn) -> Buckets:
    edges = draw(st.sets(st.integers(1, 10_000), min_size=1, max_size=4))
    return Buckets(len(edges), (0, *sorted(edges)), extra=draw(extras))


@st.composite
def instructions(draw: st.DrawFn) -> Instruction:
    segments = draw(
        st.lists(st.builds(Segment, st.integers(1, 3), token_weights, extra=extras), min_size=1)
    )[:3]
    m = sum(s.m for s in segments)
    places = st.integers(0, 4096) | st.integers(-4096, -m)
    return Instruction(
        draw(optional(lines)),
        m,
        tuple(segments),
        draw(optional(unique_phrases)),
        draw(optional(unique_phrases)),
        draw(optional(places)),
        extra=draw(extras),
    )


def applies(schedule: int) -> st.SearchStrategy:
    steps, resolutions = st.integers(1, schedule), st.integers(1, 8192)
    told = optional(scales)
    return st.builds(Apply, scales, scales, steps, resolutions, lines, told, extra=extras)


@st.composite
def brushes(draw: st.DrawFn) -> Brush:
    """Any brush that version 1 allows, unknown fields of a newer minor version included."""
    grade, with_instruction = draw(optional(grades)), draw(st.booleans())
    parts, tensors = draw(instruction_parts()) if with_instruction or not grade else ({}, {})
    metadata = Metadata(
        name=draw(names),
        created=draw(moments),
        tool=draw(lines),
        grade=grade,
        look=draw(optional(looks)),
        **parts,
        training=draw(optional(trainings)),
        lineage=draw(lineages),
        title=draw(optional(lines)),
        author=draw(optional(lines)),
        license=draw(optional(lines)),
        note=draw(optional(lines.map(lambda line: f"{line}\n\t{line}"))),
        preview=draw(optional(st.just("data:image/png;base64,AAAA"))),
        format=(1, draw(st.integers(0, SAFE))),
        extra=draw(extras),
    )
    for name, shape in tensor_shapes(grade).items():
        bits = draw(st.sampled_from((16, 32))) if name.endswith(".nodes") else 32
        tensors[name] = draw(finite_arrays(bits, shape))
    return Brush(metadata, tensors)


@st.composite
def instruction_parts(draw: st.DrawFn) -> tuple[dict, dict]:
    """The document's groups of an instruction, and its tensors."""
    divided, instruction = draw(buckets()), draw(instructions())
    groups = {
        "instruction": instruction,
        "buckets": divided,
        "base": draw(bases),
        "apply": draw(applies(divided.edges[-1])),
    }
    bits, tensors = draw(st.sampled_from((16, 32))), {}
    for site in draw(st.sets(st.sampled_from(SITES), min_size=1)):
        shape = (divided.count, instruction.m, draw(st.integers(1, 3)))
        for kind in "kv":
            tensors[f"{site}.{kind}"] = draw(finite_arrays(bits, shape))
    return groups, tensors


def finite_arrays(bits: int, shape: tuple[int, ...]) -> st.SearchStrategy:
    """Arrays of a float type of so many bits."""
    finite = st.floats(width=bits, allow_nan=False, allow_infinity=False)
    return arrays.arrays(f"float{bits}", shape, elements=finite)


def graded(
    name: str = "graded",
    *,
    seed: int = 0,
    nodes: int = 5,
    groups: tuple[str, ...] | None = None,
    kept: Kept = Kept(),  # noqa: B008  (frozen)
    instruction: Brush | None = None,
) -> Brush:
    """A brush with a random grade, over a network where groups are given; sealed.

    Args:
        name: its own.
        seed: of the numbers.
        nodes: of the lattice.
        groups: that a network reads.
        kept: what stays as it is.
        instruction: a brush whose instruction it has too.
    """
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.05, shape).astype(np.float32)

    network = None
    if groups is not None:
        inputs = NetworkInfo(groups, WIDTH).columns + 1
        shapes = ((inputs, WIDTH), (WIDTH + 1, WIDTH), (WIDTH, 6), (inputs, 6))
        network = Network(*(some(*shape) for shape in shapes))
    affine = np.eye(3, 4, dtype=np.float32) + some(3, 4)
    lattice = Lattice(affine, some(nodes, nodes, nodes, 3).astype(np.float16))
    return brush_of(Grade(lattice, network, groups or (), kept), name, instruction=instruction)


def brush_of(grade: AnyGrade, name: str = "graded", *, instruction: Brush | None = None) -> Brush:
    """A brush with a grade, and with the instruction of another if one is given; sealed."""
    info, tensors = to_tensors(grade)
    bare = Metadata(name=name, created="2026-01-02", tool="tests")
    metadata = instruction.metadata if instruction else bare
    own = instruction.tensors if instruction else {}
    return sealed(Brush(replace(metadata, name=name, grade=info), {**own, **tensors}))
