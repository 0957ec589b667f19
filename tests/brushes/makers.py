"""Brushes for tests: a plain one, and Hypothesis strategies for every valid one."""

import string

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brushctl.brushes.file import Brush, sealed
from brushctl.brushes.metadata import (
    Apply,
    Base,
    Buckets,
    HeldOut,
    Instruction,
    Lineage,
    Metadata,
    Parent,
    Segment,
    Training,
    UniquePhrase,
)

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
bases = st.builds(Base, lines, lines, sha256s, optional(lines), extra=extras)
held_outs = st.builds(HeldOut, counts, numbers, numbers, optional(numbers), extra=extras)
figures = st.lists(numbers, min_size=1, max_size=3).map(tuple)
trainings = st.builds(
    Training,
    recipe=lines,
    steps=st.integers(1, 10**6),
    batch=counts,
    learning_rate=positives,
    seed=st.integers(-SAFE, SAFE),
    loss_first=figures,
    loss_last=figures,
    pairs_sha256=st.lists(sha256s, min_size=1, max_size=2).map(tuple),
    held_out=optional(held_outs),
    extra=extras,
)


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
    return Instruction(
        draw(optional(lines)),
        sum(s.m for s in segments),
        tuple(segments),
        draw(optional(unique_phrases)),
        draw(optional(unique_phrases)),
        extra=draw(extras),
    )


def applies(schedule: int) -> st.SearchStrategy:
    steps, resolutions = st.integers(1, schedule), st.integers(1, 8192)
    return st.builds(Apply, scales, scales, steps, resolutions, lines, extra=extras)


@st.composite
def brushes(draw: st.DrawFn) -> Brush:
    """Any brush that version 1 allows, unknown fields of a newer minor version included."""
    divided = draw(buckets())
    metadata = Metadata(
        name=draw(names),
        created=draw(moments),
        tool=draw(lines),
        instruction=draw(instructions()),
        buckets=divided,
        base=draw(bases),
        apply=draw(applies(divided.edges[-1])),
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
    bits = draw(st.sampled_from((16, 32)))
    j, m = metadata.buckets.count, metadata.instruction.m
    finite = st.floats(width=bits, allow_nan=False, allow_infinity=False)
    tensors = {}
    for site in draw(st.sets(st.sampled_from(SITES), min_size=1)):
        d = draw(st.integers(1, 3))
        for kind in "kv":
            shape = (j, m, d)
            tensors[f"{site}.{kind}"] = draw(arrays.arrays(f"float{bits}", shape, elements=finite))
    return Brush(metadata, tensors)
