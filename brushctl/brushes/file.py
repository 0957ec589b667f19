"""Brushes in memory, in bytes and on disk: one brush, one sequence of bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brushctl.brushes.defects import ContentHashError, DtypeError, NotFiniteError
from brushctl.brushes.graded import is_graded
from brushctl.brushes.header import ITEM_BYTES, Slot, blaming, check_size, read_header, read_whole
from brushctl.brushes.metadata import Metadata
from brushctl.brushes.strict_json import canonical, check
from brushctl.files import write_atomically
from brushctl.reading import open_file

Features = NDArray[np.floating[Any]]

DTYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True)
class Brush:
    """A learned edit.

    Attributes:
        metadata: what it says about itself.
        tensors: of the instruction `<site>.k` and `<site>.v`, each (j, m, d), all float16 or all
            float32; of the grade those that `brushctl.brushes.graded.tensor_shapes` names.
    """

    metadata: Metadata
    tensors: Mapping[str, Features]

    def __repr__(self) -> str:
        """What it is, in a line: its tensors have a million numbers."""
        meta = self.metadata
        parts = " and ".join(meta.parts)
        base = f" on {meta.base.id}" if meta.base else ""
        return f"<Brush {meta.name!r}: {parts}{base}, content {meta.content_sha256[:12]}>"

    def instruction_tensors(self) -> dict[str, Features]:
        """The instruction's tensors, without the grade's."""
        return {n: t for n, t in self.tensors.items() if not is_graded(n)}

    def instruction_alone(self) -> "Brush":
        """The brush without its grade."""
        metadata = replace(self.metadata, grade=None, look=None)
        return Brush(metadata, self.instruction_tensors())

    def grade_tensors(self) -> dict[str, Features]:
        """The grade's tensors, without the instruction's."""
        return {n: t for n, t in self.tensors.items() if is_graded(n)}


def content_sha256(metadata: Metadata, tensors: Mapping[str, Features]) -> str:
    """SHA-256 of all that an edit depends on, and of nothing else.

    The canonical JSON of the groups that steer the edit, of those that there are, then each tensor
    in the order of the names: name, dtype and shape, each part behind a zero byte, a zero byte, and
    the bytes.
    """
    groups = (metadata.apply, metadata.buckets, metadata.grade, metadata.instruction)
    names = ("apply", "buckets", "grade", "instruction")
    steering: dict[str, object] = {
        name: group.to_dict() for name, group in zip(names, groups, strict=True) if group
    }
    if metadata.base:
        steering["model_sha256"] = metadata.base.model_sha256
    digest = hashlib.sha256(canonical(steering).encode())
    for name in sorted(tensors):
        dtype, array = _stored(name, tensors[name])
        shape = ",".join(str(n) for n in array.shape)
        digest.update(f"\0{name}\0{dtype}\0{shape}\0".encode())
        digest.update(array.data)
    return digest.hexdigest()


def sealed(brush: Brush) -> Brush:
    """The brush with its content hash filled in, as it would come back from a file.

    Raises:
        BrushFormatError: it could not be written; one subclass for each defect.
    """
    check(brush.metadata.to_dict(), "brush")
    digest = content_sha256(brush.metadata, brush.tensors)
    metadata = replace(brush.metadata, content_sha256=digest)
    Metadata.from_dict(metadata.to_dict(), "brush")
    return replace(brush, metadata=metadata)


def encode_brush(brush: Brush) -> bytes:
    """The file's bytes: canonical header, content hash filled in, tensors by name.

    Those of float32 come first, so that each lies at a multiple of its item's size: programs map
    files into memory.

    Raises:
        BrushFormatError: it would not be a valid brush; one subclass for each defect.
    """
    metadata = sealed(brush).metadata
    entries: dict[str, object] = {"__metadata__": _outer(metadata)}
    blobs, position = [], 0
    stored = {name: _stored(name, array) for name, array in brush.tensors.items()}
    for name in sorted(stored, key=lambda name: (-stored[name][1].itemsize, name)):
        dtype, array = stored[name]
        end = position + array.nbytes
        entries[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": (position, end)}
        blobs.append(array.tobytes())
        position = end
    header = canonical(entries).encode()
    header += b" " * (-len(header) % 8)  # so that tensors lie aligned in a mapped file
    data = b"".join([len(header).to_bytes(8, "little"), header, *blobs])
    read_header(BytesIO(data))  # nothing is written that could not be read
    return data


def _stored(name: str, array: Features) -> tuple[str, Features]:
    """A tensor's dtype by its name in the file, and the tensor as it lies there."""
    dtype = {2: "F16", 4: "F32"}.get(array.itemsize) if array.dtype.kind == "f" else None
    if dtype is None:
        raise DtypeError(f"must be float16 or float32, is {array.dtype}", where=name)
    _check_finite(name, array)
    return dtype, np.ascontiguousarray(array, DTYPES[dtype])


def _check_finite(name: str, array: Features) -> None:
    if not np.isfinite(array).all():
        raise NotFiniteError("has NaN or infinity among its features", where=name)


def _outer(metadata: Metadata) -> dict[str, str]:
    """The safetensors metadata: our document, and the ModelSpec keys other tools look for."""
    parents = metadata.lineage.parents if metadata.lineage else ()
    said = {
        "sai_model_spec": "1.0.1",
        "architecture": f"{metadata.base.architecture}/brush" if metadata.base else "brush",
        "implementation": "brushctl",
        "title": metadata.title or metadata.name,
        "date": metadata.created,
        "hash_sha256": metadata.content_sha256,
        "author": metadata.author,
        "license": metadata.license,
        "description": metadata.note,
        "thumbnail": metadata.preview,
        "merged_from": ", ".join(p.name for p in parents),
    }
    return {
        "brush": canonical(metadata.to_dict()),
        **{f"modelspec.{key}": value for key, value in said.items() if value},
    }


def decode_brush(data: bytes) -> Brush:
    """Read and check a whole brush; the tensors are views of `data`.

    Raises:
        BrushFormatError: one subclass for each defect.
    """
    header = read_header(BytesIO(data))
    check_size(header, len(data))
    view = memoryview(data)[header.data_start :]
    tensors = {name: _array(view, slot) for name, slot in header.slots.items()}
    for name, array in tensors.items():
        _check_finite(name, array)
    if content_sha256(header.metadata, tensors) != header.metadata.content_sha256:
        raise ContentHashError(
            "the content does not match the hash in the file",
            where="brush.content_sha256",
            do="The file was damaged or edited; get it again.",
        )
    return Brush(header.metadata, tensors)


def _array(view: memoryview, slot: Slot) -> Features:
    items = (slot.end - slot.start) // ITEM_BYTES[slot.dtype]
    flat: Features = np.frombuffer(view, DTYPES[slot.dtype], count=items, offset=slot.start)
    return flat.reshape(slot.shape)


def read_brush(path: Path) -> Brush:
    """Read and check a brush file; errors name the file.

    Raises:
        BrushFormatError: one subclass for each defect.
    """
    with blaming(str(path)), open_file(path) as file:
        # The header first: a large file that is no brush is not loaded to find that out.
        check_size(read_header(file), path.stat().st_size)
        file.seek(0)
        return decode_brush(read_whole(file))


def write_brush(brush: Brush, path: Path | str) -> None:
    """Write a brush file; a crash leaves the old file or the new one, whole."""
    write_atomically(Path(path), encode_brush(brush))
