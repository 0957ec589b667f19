"""The header of a `.brush` file, read with the standard library alone.

A safetensors file: 8 bytes little-endian length, that much JSON, then the tensors' bytes.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from brushctl.brushes.defects import (
    DuplicateError,
    FieldError,
    HeaderError,
    LayoutError,
    NotABrushError,
    TensorError,
)
from brushctl.brushes.metadata import Metadata

HEADER_CAP = 16 * 2**20
"""Bytes. A brush of SD1.5 has a header of some 10 KB; a preview picture may stand in it."""
DEPTH_CAP = 64
"""Nesting of the metadata; a lineage of mixes of mixes adds two levels a generation."""
ITEM_BYTES = {"F16": 2, "F32": 4}


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a tensor lies: its dtype (F16 or F32), shape (j, m, d), and bytes [start, end)."""

    dtype: str
    shape: tuple[int, int, int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the tensors.

    Attributes:
        metadata: the brush's own document.
        slots: each tensor's place, by name.
        data_start: the file offset of the first tensor byte.
    """

    metadata: Metadata
    slots: dict[str, Slot]
    data_start: int


def read_metadata(path: Path) -> Metadata:
    """The metadata of a brush file, whatever its size, without its tensors.

    Raises:
        BrushFormatError: the header is not a valid brush's.
    """
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size).metadata


def read_header(file: BinaryIO, size: int) -> Header:
    """Read and check the header of a file of `size` bytes."""
    prefix = file.read(8)
    if len(prefix) < 8:
        raise NotABrushError("the file is too short to be a brush")
    length = int.from_bytes(prefix, "little")
    if length > min(HEADER_CAP, size - 8):
        kind = HeaderError if length <= HEADER_CAP else NotABrushError
        raise kind(f"the header's length, {length} bytes, does not fit the file")
    document = _json(file.read(length))
    outer = document.pop("__metadata__", None)
    if not isinstance(outer, dict) or not isinstance(outer.get("brush"), str):
        raise NotABrushError(
            "the file carries no brush metadata", do="Is it another safetensors file?"
        )
    metadata = Metadata.from_dict(_json(outer["brush"].encode()))
    slots = {name: _slot(name, entry) for name, entry in document.items()}
    _check_layout(slots, size - 8 - length)
    _check_shapes(slots, metadata)
    return Header(metadata, slots, 8 + length)


def _json(raw: bytes) -> dict[str, Any]:
    """Parse JSON strictly: UTF-8, no duplicate keys, no NaN, bounded depth."""
    try:
        document = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise HeaderError(f"the header is not JSON ({error})") from None
    except RecursionError:
        raise HeaderError("the header is nested too deeply") from None
    if not isinstance(document, dict):
        raise HeaderError("the header is not a JSON object")
    if _depth(document) > DEPTH_CAP:
        raise HeaderError(f"the header is nested deeper than {DEPTH_CAP} levels")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        twice = next(k for k in keys if keys.count(k) > 1)
        raise DuplicateError("stands twice in the header", where=twice)
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise HeaderError(f"the header has {name}, which is no JSON number")


def _depth(document: object) -> int:
    deepest, level = 0, [document]
    while level and deepest <= DEPTH_CAP:
        deepest += 1
        level = [child for value in level for child in _children(value)]
    return deepest


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _slot(name: str, entry: object) -> Slot:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise TensorError("needs exactly dtype, shape and data_offsets", where=name)
    shape, offsets = entry["shape"], entry["data_offsets"]
    if entry["dtype"] not in ITEM_BYTES:
        raise TensorError("must be F16 or F32", where=name)
    if not _whole(shape, 3) or 0 in shape or not _whole(offsets, 2):
        raise TensorError("must have a shape (j, m, d) and two offsets", where=name)
    slot = Slot(entry["dtype"], (shape[0], shape[1], shape[2]), offsets[0], offsets[1])
    if slot.end - slot.start != prod(shape) * ITEM_BYTES[slot.dtype]:
        raise LayoutError("its bytes do not match its shape", where=name)
    return slot


def _whole(values: object, n: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == n
        and all(type(v) is int and v >= 0 for v in values)
    )


def _check_layout(slots: dict[str, Slot], size: int) -> None:
    """The tensors must fill the bytes after the header exactly once, without gap or overlap."""
    position = 0
    for name, slot in sorted(slots.items(), key=lambda item: item[1].start):
        if slot.start != position:
            raise LayoutError("leaves a gap or overlaps its neighbour", where=name)
        position = slot.end
    if position != size:
        raise LayoutError(f"the tensors take {position} bytes, the file has {size}")


def _check_shapes(slots: dict[str, Slot], metadata: Metadata) -> None:
    sites = {name.rpartition(".")[0] for name in slots}
    if not sites or set(slots) != {f"{site}.{kind}" for site in sites for kind in "kv"}:
        raise TensorError(
            "every site needs one .k and one .v tensor, and nothing else may stand here"
        )
    j, m = metadata.buckets.count, metadata.instruction.m
    for site in sites:
        k, v = slots[f"{site}.k"], slots[f"{site}.v"]
        if (k.dtype, k.shape) != (v.dtype, v.shape):
            raise TensorError("its keys and values differ in dtype or shape", where=site)
        if k.shape[:2] != (j, m):
            raise FieldError(
                f"the metadata says {j} buckets of {m} tokens, the tensors have {k.shape[:2]}",
                where=site,
            )


def content_sha256(tensors: Iterable[tuple[str, Slot, bytes | memoryview]]) -> str:
    """SHA-256 over each tensor, sorted by name: name, dtype, shape, then its bytes.

    Each textual part ends in a zero byte, so that no two contents run together.
    """
    digest = hashlib.sha256()
    for name, slot, data in sorted(tensors, key=lambda item: item[0]):
        shape = ",".join(str(n) for n in slot.shape)
        digest.update(f"{name}\0{slot.dtype}\0{shape}\0".encode())
        digest.update(data)
    return digest.hexdigest()
