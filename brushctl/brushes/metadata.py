"""What a brush says about itself: the JSON document under `brush` in the file's header.

Frozen records with `from_dict` and `to_dict`. Reading is strict about what version 1 knows and
keeps, under `extra`, what a newer minor version may have added.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, Self, TypeVar

from brushctl.brushes.defects import FieldError, VersionError

MAJOR, MINOR = 1, 0

Value = TypeVar("Value")


class Reader:
    """Reads the fields of one JSON object, so that an error names its path."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, dict):
            raise FieldError("must be an object", where=path)
        self._data, self._path, self._seen = data, path, set[str]()

    def take(self, key: str, kind: type[Value] | tuple[type[Value], ...]) -> Value:
        """A required field of a type; `True` is no number."""
        where = f"{self._path}.{key}"
        if key not in self._data:
            raise FieldError("is missing", where=where)
        self._seen.add(key)
        value = self._data[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(k.__name__ for k in kinds)
            raise FieldError(f"must be {names}, is {type(value).__name__}", where=where)
        return value

    def take_or_none(self, key: str, kind: type[Value] | tuple[type[Value], ...]) -> Value | None:
        """An optional field."""
        self._seen.add(key)
        return None if self._data.get(key) is None else self.take(key, kind)

    def number(self, key: str, *, above: float = -math.inf) -> float:
        """A required finite number greater than `above`."""
        value = float(self.take(key, (int, float)))
        if not math.isfinite(value) or value <= above:
            raise FieldError(f"must be a number above {above:g}", where=f"{self._path}.{key}")
        return value

    def count(self, key: str) -> int:
        """A required whole number of at least 1."""
        value = self.take(key, int)
        if value < 1:
            raise FieldError("must be at least 1", where=f"{self._path}.{key}")
        return value

    def each(self, key: str, read: Callable[[object, str], Value]) -> tuple[Value, ...]:
        """A required array, each element read by `read(value, path)`."""
        values = self.take(key, list)
        return tuple(read(v, f"{self._path}.{key}[{k}]") for k, v in enumerate(values))

    def nested(self, key: str, kind: type["Record"]) -> Any:  # noqa: ANN401
        """A required object read as `kind`."""
        return kind.from_dict(self.take(key, dict), f"{self._path}.{key}")

    def rest(self) -> dict[str, Any]:
        """The fields nobody asked for: a newer minor version's."""
        return {k: v for k, v in self._data.items() if k not in self._seen}


class Record:
    """Shared by every group of the metadata: to JSON and back."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """Read and check; errors carry the field's path."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, without the fields that are None, unknown ones included."""
        named = {
            f.name: _plain(getattr(self, f.name))
            for f in fields(self)  # type: ignore[arg-type]
            if f.name != "extra" and getattr(self, f.name) is not None
        }
        return named | dict(getattr(self, "extra", {}))


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise FieldError(f"must be str, is {type(value).__name__}", where=path)
    return value


def _number(value: object, path: str) -> float:
    return Reader({"": value}, path).number("")


@dataclass(frozen=True, slots=True)
class UniquePhrase(Record):
    """A phrase that tells the before set from the after set (section 4.2)."""

    phrase: str
    sensitivity: float
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(r.take("phrase", str), r.number("sensitivity"), r.rest())


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A run of learned tokens that share a weight; ln(weight) is added to their logits."""

    m: int
    weight: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(r.count("m"), r.number("weight", above=0), r.rest())


@dataclass(frozen=True, slots=True)
class Instruction(Record):
    """Where learning started.

    Attributes:
        phrase: the initial phrase; None for the empty instruction.
        m: learned tokens, start and end tokens counted.
        segments: runs of tokens with their weights; their m sum to m.
        before: the unique phrase of the before set, if one was found.
        after: the unique phrase of the after set, if one was found.
    """

    phrase: str | None
    m: int
    segments: tuple[Segment, ...]
    before: UniquePhrase | None = None
    after: UniquePhrase | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        m = r.count("m")
        segments = r.each("segments", Segment.from_dict)
        if sum(s.m for s in segments) != m:
            raise FieldError(f"the segments' m must sum to {m}", where=f"{path}.segments")
        before = r.take_or_none("before", dict)
        after = r.take_or_none("after", dict)
        return cls(
            phrase=r.take_or_none("phrase", str),
            m=m,
            segments=segments,
            before=None if before is None else UniquePhrase.from_dict(before, f"{path}.before"),
            after=None if after is None else UniquePhrase.from_dict(after, f"{path}.after"),
            extra=r.rest(),
        )


@dataclass(frozen=True, slots=True)
class Buckets(Record):
    """The stretches of denoising time: t is in bucket k where edges[k] <= t < edges[k + 1].

    Attributes:
        count: j.
        edges: j + 1 ascending timesteps from 0 to T.
    """

    count: int
    edges: tuple[int, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def even(cls, count: int, train_steps: int) -> Self:
        """The paper's division: j equal parts of [0, T)."""
        return cls(count, tuple(train_steps * k // count for k in range(count + 1)))

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        count = r.count("count")
        edges = r.each("edges", lambda v, p: Reader({"": v}, p).take("", int))
        ascending = all(a < b for a, b in pairwise(edges))
        if len(edges) != count + 1 or not ascending or edges[0] != 0:
            raise FieldError(
                f"must be {count + 1} ascending timesteps from 0", where=f"{path}.edges"
            )
        return cls(count, edges, r.rest())


@dataclass(frozen=True, slots=True)
class Base(Record):
    """The base model a brush belongs to.

    Attributes:
        id: `tiny-ip2p`, a hub id, or the name of a local folder.
        architecture: the U-Net's shape, for people.
        unet_sha256: SHA-256 of the U-Net's tensors as float16, in sorted order.
        revision: the hub revision, if one was asked for.
    """

    id: str
    architecture: str
    unet_sha256: str
    revision: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(
            id=r.take("id", str),
            architecture=r.take("architecture", str),
            unet_sha256=_sha256(r.take("unet_sha256", str), f"{path}.unet_sha256"),
            revision=r.take_or_none("revision", str),
            extra=r.rest(),
        )


@dataclass(frozen=True, slots=True)
class Apply(Record):
    """How the brush is best applied.

    Attributes:
        s_T: text guidance scale.
        s_I: image guidance scale.
        steps: sampling steps.
        sampler: the sampler's name.
        resolution: side of the square the base works at, in pixels.
    """

    s_T: float
    s_I: float
    steps: int
    resolution: int
    sampler: str = "euler-ancestral"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(
            s_T=r.number("s_T"),
            s_I=r.number("s_I"),
            steps=r.count("steps"),
            resolution=r.count("resolution"),
            sampler=r.take("sampler", str),
            extra=r.rest(),
        )


@dataclass(frozen=True, slots=True)
class Training(Record):
    """How the brush was learned, and how well.

    Attributes:
        recipe: the recipe's name.
        steps: optimisation steps, each over all buckets.
        batch: samples for each bucket and step.
        learning_rate: Adam's.
        seed: fixes every draw.
        loss_first: loss in each bucket at the beginning.
        loss_last: loss in each bucket at the end.
        pairs_sha256: a hash of each pair's files; never their paths.
    """

    recipe: str
    steps: int
    batch: int
    learning_rate: float
    seed: int
    loss_first: tuple[float, ...]
    loss_last: tuple[float, ...]
    pairs_sha256: tuple[str, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(
            recipe=r.take("recipe", str),
            steps=r.count("steps"),
            batch=r.count("batch"),
            learning_rate=r.number("learning_rate", above=0),
            seed=r.take("seed", int),
            loss_first=r.each("loss_first", _number),
            loss_last=r.each("loss_last", _number),
            pairs_sha256=r.each("pairs_sha256", lambda v, p: _sha256(_text(v, p), p)),
            extra=r.rest(),
        )


@dataclass(frozen=True, slots=True)
class Parent(Record):
    """A brush that went into a mix.

    Attributes:
        name: what it was called.
        content_sha256: which one it was.
        weight: its share.
        parents: what it was itself mixed from.
    """

    name: str
    content_sha256: str
    weight: float
    parents: tuple["Parent", ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str) -> Self:
        """See `Record.from_dict`."""
        r = Reader(data, path)
        return cls(
            name=r.take("name", str),
            content_sha256=_sha256(r.take("content_sha256", str), f"{path}.content_sha256"),
            weight=r.number("weight"),
            parents=r.each("parents", cls.from_dict),
            extra=r.rest(),
        )


@dataclass(frozen=True, slots=True)
class Metadata(Record):
    """Everything a brush says about itself; `content_sha256` is filled in when it is written."""

    name: str
    created: str
    tool: str
    instruction: Instruction
    buckets: Buckets
    base: Base
    apply: Apply
    training: Training | None = None
    lineage: tuple[Parent, ...] = ()
    content_sha256: str = ""
    title: str | None = None
    author: str | None = None
    license: str | None = None
    note: str | None = None
    preview: str | None = None
    format: tuple[int, ...] = (MAJOR, MINOR)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: object, path: str = "brush") -> Self:
        """Read a version 1 document.

        Raises:
            VersionError: the major version is newer than this reader.
            FieldError: a field is missing, of another type, or out of range.
        """
        r = Reader(data, path)
        version = r.each("format", lambda v, p: Reader({"": v}, p).take("", int))
        if len(version) != 2 or min(version) < 0:
            raise FieldError("must be [major, minor]", where=f"{path}.format")
        if version[0] != MAJOR:
            raise VersionError(
                f"this brush is of format {version[0]}, this brushctl reads format {MAJOR}",
                where=f"{path}.format",
                do="Update brushctl." if version[0] > MAJOR else "Learn the brush again.",
            )
        training = r.take_or_none("training", dict)
        return cls(
            format=version,
            name=r.take("name", str),
            created=r.take("created", str),
            tool=r.take("tool", str),
            instruction=r.nested("instruction", Instruction),
            buckets=r.nested("buckets", Buckets),
            base=r.nested("base", Base),
            apply=r.nested("apply", Apply),
            training=None if training is None else Training.from_dict(training, f"{path}.training"),
            lineage=r.each("lineage", Parent.from_dict),
            content_sha256=_sha256(r.take("content_sha256", str), f"{path}.content_sha256"),
            title=r.take_or_none("title", str),
            author=r.take_or_none("author", str),
            license=r.take_or_none("license", str),
            note=r.take_or_none("note", str),
            preview=r.take_or_none("preview", str),
            extra=r.rest(),
        )


def _sha256(value: str, path: str) -> str:
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise FieldError("must be 64 lower-case hexadecimal digits", where=path)
    return value
