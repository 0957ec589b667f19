"""Brushes in memory, in bytes and on disk: one brush, one sequence of bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.brushes.atomic import write_atomically
from brushctl.brushes.defects import ContentHashError, NotFiniteError, TensorError
from brushctl.brushes.header import ITEM_BYTES, Slot, content_sha256, read_header
from brushctl.brushes.metadata import Metadata
from brushctl.errors import BrushFormatError

Features = NDArray[np.floating[Any]]

DTYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True)
class Brush:
    """A learned edit.

    Attributes:
        metadata: what it says about itself.
        tensors: `<site>.k` and `<site>.v`, each (j, m, d), float16 or float32.
    """

    metadata: Metadata
    tensors: Mapping[str, Features]


def encode_brush(brush: Brush) -> bytes:
    """The file's bytes: sorted header, tensors sorted by name, content hash filled in.

    Raises:
        TensorError: a tensor is not a finite float16 or float32 array of three axes.
    """
    slots, blobs, position = {}, [], 0
    for name in sorted(brush.tensors):
        data, dtype, shape = _bytes(name, brush.tensors[name])
        slots[name] = Slot(dtype, shape, position, position + len(data))
        blobs.append(data)
        position += len(data)
    digest = content_sha256(zip(slots, slots.values(), blobs, strict=True))
    metadata = replace(brush.metadata, content_sha256=digest)
    document = {
        "__metadata__": _outer(metadata),
        **{
            name: {"dtype": s.dtype, "shape": s.shape, "data_offsets": (s.start, s.end)}
            for name, s in slots.items()
        },
    }
    header = canonical_json(document).encode()
    header += b" " * (-len(header) % 8)  # safetensors aligns the tensors to 8 bytes
    return b"".join([len(header).to_bytes(8, "little"), header, *blobs])


def _bytes(name: str, array: Features) -> tuple[bytes, str, tuple[int, int, int]]:
    dtype = next((k for k, d in DTYPES.items() if d == array.dtype), None)
    if dtype is None or array.ndim != 3 or 0 in array.shape:
        raise TensorError("must be float16 or float32 of shape (j, m, d)", where=name)
    if not np.isfinite(array).all():
        raise NotFiniteError("has NaN or infinity", where=name, do="Learn at a lower rate.")
    j, m, d = array.shape
    return np.ascontiguousarray(array, DTYPES[dtype]).tobytes(), dtype, (j, m, d)


def _outer(metadata: Metadata) -> dict[str, str]:
    """The safetensors metadata: our document, and the ModelSpec keys other tools look for."""
    said = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"{metadata.base.architecture}/brush",
        "modelspec.implementation": "brushctl",
        "modelspec.title": metadata.title or metadata.name,
        "modelspec.date": metadata.created,
        "modelspec.hash_sha256": metadata.content_sha256,
        "modelspec.author": metadata.author,
        "modelspec.license": metadata.license,
        "modelspec.description": metadata.note,
        "modelspec.merged_from": ", ".join(p.name for p in metadata.lineage) or None,
    }
    return {"brush": canonical_json(metadata.to_dict())} | {k: v for k, v in said.items() if v}


def canonical_json(document: object) -> str:
    """Sorted keys, no spaces: one document, one text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def decode_brush(data: bytes) -> Brush:
    """Read and check a whole brush.

    Raises:
        BrushFormatError: one subclass for each defect.
    """
    header = read_header(BytesIO(data), len(data))
    view = memoryview(data)[header.data_start :]
    digest = content_sha256((n, s, view[s.start : s.end]) for n, s in header.slots.items())
    if digest != header.metadata.content_sha256:
        raise ContentHashError(
            "the features are not those that were written (content hash differs)",
            do="The file was damaged or edited; get it again.",
        )
    return Brush(header.metadata, {n: _array(n, s, view) for n, s in header.slots.items()})


def _array(name: str, slot: Slot, view: memoryview) -> Features:
    n = (slot.end - slot.start) // ITEM_BYTES[slot.dtype]
    flat: Features = np.frombuffer(view, DTYPES[slot.dtype], count=n, offset=slot.start)
    if not np.isfinite(flat).all():
        raise NotFiniteError("has NaN or infinity", where=name)
    return flat.reshape(slot.shape)


def read_brush(path: Path) -> Brush:
    """Read a brush file; errors name the file."""
    try:
        return decode_brush(path.read_bytes())
    except BrushFormatError as error:
        where = f"{path}: {error.where}" if error.where else str(path)
        raise type(error)(error.what, where=where, do=error.do) from None


def write_brush(brush: Brush, path: Path) -> None:
    """Write a brush file; a crash leaves the old file or the new one, whole."""
    write_atomically(path, encode_brush(brush))
