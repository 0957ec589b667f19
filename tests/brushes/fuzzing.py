"""Damage valid brushes in every way, and see that each is read or refused by name.

The long run: `python -m tests.brushes.fuzzing 20000`. It holds the Python reader to its word (a
brush whose cost is bounded or a `BrushFormatError`, never another exception), and the schema and
the JavaScript reader to the Python reader's verdict.
"""

import json
import math
import random
import runpy
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import chain
from pathlib import Path
from typing import Any

from brushctl.brushes.file import Brush, decode_brush, encode_brush
from brushctl.errors import BrushFormatError
from tests.brushes.test_vectors import (
    FORMATS,
    SCHEMA,
    SCHEMA_REFUSES,
    VALID,
    VECTORS,
    document,
    javascript,
)

SEEDS = [data for name in VALID if len(data := (VECTORS / "valid" / name).read_bytes()) < 10_000]
"""The small ones: damage would seldom reach what is interesting of the largest."""
ODD = (
    *(None, True, False, 0, -1, 1, 2.5, 1e308, -1e-320, 2**53, 10**400, "", "x", "\x00", "a" * 999),
    *([], {}, [0], {"m": 1}, [[[]]], "2026-01-02", "0" * 64, [1, 0], [2, 0], "\ud800"),
)


def flip(data: bytes, rng: random.Random) -> bytes:
    """A few bits turned."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """A stretch taken out, often the end."""
    start, end = sorted((rng.randrange(len(data)), rng.randrange(len(data) + 1)))
    return data[:start] + rng.choice((b"", data[end:]))


def splice(data: bytes, rng: random.Random) -> bytes:
    """A stretch of one brush put into another."""
    other = rng.choice(SEEDS)
    start, end = sorted((rng.randrange(len(other)), rng.randrange(len(other) + 1)))
    at, skip = rng.randrange(len(data)), rng.choice((0, end - start))
    return data[:at] + other[start:end] + data[at + skip :]


def alter_header(data: bytes, rng: random.Random) -> bytes:
    """The header's JSON with one value altered, its length put right."""
    length = int.from_bytes(data[:8], "little")
    return _packed(_altered(json.loads(data[8 : 8 + length]), rng), data[8 + length :])


def alter_document(data: bytes, rng: random.Random) -> bytes:
    """The document's JSON with one to three values altered."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    said = json.loads(header["__metadata__"]["brush"])
    for _ in range(rng.choice((1, 1, 3))):
        said = _altered(said, rng)
    header["__metadata__"]["brush"] = json.dumps(said)
    return _packed(header, data[8 + length :])


def _packed(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _altered(value: Any, rng: random.Random) -> Any:
    """The value with something within it replaced, left out, doubled or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        turned = {**value, key: _altered(value[key], rng)}
        if rng.random() < 0.1:
            del turned[key]
        if rng.random() < 0.05:
            turned[rng.choice(("odd", "", "extra", "m", "\x1b"))] = rng.choice(ODD)
        return turned
    if isinstance(value, list) and value and rng.random() < 0.7:
        k = rng.randrange(len(value))
        return [*value[:k], *[_altered(value[k], rng)] * rng.choice((0, 1, 1, 2)), *value[k + 1 :]]
    if isinstance(value, int | float) and abs(value) < 2**62 and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 0.5, 2**40, -(2**60)))
    return rng.choice(ODD)


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip,
    cut,
    splice,
    alter_header,
    alter_document,
    alter_document,
)


ABSURD = (
    *(-1, 0, 1e-10, 1025, 20_000, 10**7, 2**53 - 1, 1e308, 10**400, math.nan),
    *(None, "", "x" * 20_000, [], [0] * 4097),
)
"""Beyond what any field may be, or of another kind."""
WRITER = runpy.run_path(str(FORMATS / "make_vectors.py"))
Field = tuple[str | int, ...]


def every_field() -> dict[str, Any]:
    """A document that has all the fields of version 1."""
    said = WRITER["full"]() | {"lineage": WRITER["mixed"]()["lineage"]}
    said["grade"]["stack"].append(WRITER["network"]("place"))
    for group in ("instruction", "base", "apply"):
        said[group] = WRITER["transformer"]()[group] | said[group]
    return deepcopy(said)


def fields(value: object, path: Field = ()) -> Iterator[Field]:
    """The path of each value within this one."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*path, key)
        if isinstance(member, dict | list):
            yield from fields(member, (*path, key))


def asking(wishes: dict[Field, object]) -> bytes:
    """A brush that has absurd values in some fields, its content hash right if it can have one."""
    said = every_field()
    tensors = WRITER["site"]() | WRITER["grade_tensors"](said["grade"])
    for path, absurd in wishes.items():
        within: Any = said
        with suppress(KeyError, TypeError, IndexError):  # the other wish has taken its place
            for key in path[:-1]:
                within = within[key]
            within[path[-1]] = absurd
    with suppress(KeyError, TypeError):
        said = WRITER["sealed"](said, tensors)
    header = {"__metadata__": {"brush": json.dumps(said)}, **WRITER["entries"](tensors)}
    return WRITER["pack"](header, b"".join(data for _, _, data in tensors.values()))


def hostile(pairs: int, seed: int = 0) -> Iterator[bytes]:
    """Brushes with each field absurd in each way, then with so many pairs of fields."""
    rng = random.Random(seed)
    places = list(fields(every_field()))
    yield asking({})
    for place in places:
        for absurd in ABSURD:
            yield asking({place: absurd})
    for _ in range(pairs):
        yield asking({place: rng.choice(ABSURD) for place in rng.sample(places, 2)})


def damaged(count: int, seed: int = 0) -> Iterator[bytes]:
    """That many damaged brushes, always the same for a seed."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choice(WAYS)(rng.choice(SEEDS), rng)


DEAREST = 10_000 * 8192 * 4096
"""Steps, pixels along a side and tokens of the dearest brush there may be."""
MOST_GRADE_TENSORS = 16 * 6
"""Of sixteen lattices with networks."""
PLACELESS = {"brush-truncated", "brush-trailing", "brush-header-size"}


def cost(brush: Brush) -> int:
    """What time and memory of applying grow with."""
    if brush.metadata.instruction is None:
        return 0
    part = brush.metadata.instruction_part()
    return part.apply.steps * part.apply.resolution * part.instruction.m


def verdict(data: bytes) -> str | None:
    """The code of the defect, or None for a brush that reads; and then writes and reads again."""
    defect = None
    try:
        brush = decode_brush(data)
    except BrushFormatError as error:
        defect = error
    if defect:
        assert defect.where or defect.code in PLACELESS
        return defect.code
    assert cost(brush) <= DEAREST
    if brush.metadata.instruction:
        assert brush.metadata.apply.steps <= brush.metadata.buckets.edges[-1]
    assert len(brush.grade_tensors()) <= MOST_GRADE_TENSORS
    written = encode_brush(brush)
    assert encode_brush(decode_brush(written)) == written
    return None


def hold_to_schema(data: bytes, code: str | None) -> None:
    """What the schema and the reader say of a document must not contradict."""
    said = document(data)
    if said is None:
        assert code is not None
        assert code not in SCHEMA_REFUSES
        return
    accepted = SCHEMA.is_valid(said)
    if code is None:
        assert accepted
    if code in SCHEMA_REFUSES:
        assert not accepted
    if not accepted:
        assert code is not None


def hold_to_javascript(batch: dict[str, tuple[bytes, str | None]]) -> None:
    """Both readers must accept the same files, where there is Node."""
    if not batch or not shutil.which("node"):
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in batch]
        for path, (data, _) in zip(paths, batch.values(), strict=True):
            path.write_bytes(data)
        theirs = javascript(*paths)
    for (name, (_, ours)), (code, _) in zip(batch.items(), theirs, strict=True):
        assert (ours is None) == (code is None), f"{name}: {ours} here, {code} in JavaScript"


def judged(files: Iterable[bytes]) -> Counter[str]:
    """Judge files by all three; return how often each verdict fell."""
    verdicts: Counter[str] = Counter()
    batch: dict[str, tuple[bytes, str | None]] = {}
    for number, data in enumerate(files):
        code = verdict(data)
        hold_to_schema(data, code)
        verdicts[code or "read"] += 1
        batch[f"{number}.brush"] = (data, code)
        if len(batch) == 500:
            hold_to_javascript(batch)
            batch = {}
    hold_to_javascript(batch)
    return verdicts


if __name__ == "__main__":
    started = time.monotonic()
    count = int(sys.argv[1])
    for code, times in judged(chain(damaged(count), hostile(count))).most_common():
        sys.stdout.write(f"{times:7d} {code}\n")
    sys.stdout.write(f"{time.monotonic() - started:.0f} s, no traceback, no disagreement\n")
