"""The header of a `.brush` file, read with the standard library alone.

A safetensors file: 8 bytes little-endian length, that much JSON, then the tensors' bytes.
"""

import errno
import math
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from brushctl.brushes.defects import (
    DocumentError,
    DtypeError,
    FieldError,
    HeaderSizeError,
    HoleError,
    JsonError,
    OverlapError,
    ShapeError,
    TensorError,
    TrailingError,
    TruncatedError,
    VersionError,
)
from brushctl.brushes.fields import Fields, array, index, version
from brushctl.brushes.graded import is_graded, tensor_shapes
from brushctl.brushes.metadata import Metadata
from brushctl.brushes.strict_json import join, parse
from brushctl.errors import BrushFormatError
from brushctl.files import naming
from brushctl.reading import open_file, read_stream

HEADER_CAP = 2**20
"""Bytes. A brush of SD1.5 has a header of some 8 KB; a preview picture may stand in it."""
FILE_CAP = 2**32
"""Bytes of a whole file. Five buckets of 512 tokens at 57 sites of width 6144, more than the
largest editors known have, take 3.3 GiB in float16; a brush of SD1.5 takes some 4 MiB."""
PIECE = 2**16
NO_BRUSH = "Name a .brush file, as `brushctl learn` makes one."
ITEM_BYTES = {"F16": 2, "F32": 4}
TENSOR = re.compile(r"(?P<site>[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*)\.(?P<kind>[kv])")

DOCUMENTS: dict[int, Callable[[object, str], Metadata]] = {1: Metadata.from_dict}
"""One reader for each major version; a later one returns the same `Metadata`, brought up to it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a tensor lies: its dtype (F16 or F32), shape, and bytes [start, end)."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the tensors.

    Attributes:
        metadata: the brush's own document.
        slots: each tensor's place, by name.
        data_start: the file offset of the first tensor byte.
        size: bytes of the whole file.
    """

    metadata: Metadata
    slots: dict[str, Slot]
    data_start: int
    size: int


def read_metadata(path: Path) -> Metadata:
    """The metadata of a brush file, whatever its size, without its tensors.

    Raises:
        BrushFormatError: the header is not a valid brush's.
    """
    return read_file_header(path).metadata


def read_file_header(path: Path) -> Header:
    """The header of a brush file; errors name the file.

    Raises:
        BrushFormatError: the header is not a valid brush's, or not that of a file of this size.
    """
    with blaming(str(path)), open_file(path) as file:
        header = read_header(file)
        check_size(header, path.stat().st_size)
        return header


def read_whole(file: BinaryIO) -> bytes:
    """The bytes of a brush, from a file or a stream: no more of them than its header announces.

    Raises:
        BrushFormatError: the header is not a valid brush's, or more bytes follow.
    """
    first = file.read(8 + HEADER_CAP)
    size = read_header(BytesIO(first)).size
    try:
        return first + read_stream(file, max(0, size - len(first)))
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise TrailingError(f"has more than its {size} bytes") from None


@contextmanager
def blaming(source: str) -> Generator[None]:
    """Name the file in the errors raised inside, those of reading it among them."""
    try:
        with naming(source):
            yield
    except BrushFormatError as error:
        where = f"{source}: {error.where}" if error.where else source
        raise type(error)(error.what, where=where, do=error.do) from None


def read_header(file: BinaryIO) -> Header:
    """Read and check all that stands before the tensors, and nothing more."""
    prefix = file.read(8)
    if len(prefix) < 8:
        raise TruncatedError("is too short to be a brush", do=NO_BRUSH)
    length = int.from_bytes(prefix, "little")
    if length > HEADER_CAP and file.read(1) != b"{":
        raise HeaderSizeError("is not a brush file", do=NO_BRUSH)
    if length > HEADER_CAP:
        raise HeaderSizeError(
            f"announces a header of {length} bytes; a brush has at most {HEADER_CAP}"
        )
    raw = _read(file, length)
    if len(raw) < length:
        raise TruncatedError("ends within its header", do="Get the file again.")
    if not raw.startswith(b"{"):  # as safetensors wants it
        raise JsonError("must begin with {", where="header")
    entries = parse(raw, "header")
    metadata = _document(entries.pop("__metadata__", None))
    shapes = tensor_shapes(metadata.grade)
    slots = {tensor: _slot(tensor, entry, shapes) for tensor, entry in entries.items()}
    if missing := shapes.keys() - slots.keys():
        raise TensorError("is missing, and the document's grade needs it", where=min(missing))
    _check_features({key: slot for key, slot in slots.items() if key not in shapes}, metadata)
    size = 8 + length + _check_layout(slots)
    if size > FILE_CAP:
        raise HeaderSizeError(f"announces a file of {size} bytes; a brush has at most {FILE_CAP}")
    return Header(metadata, slots, 8 + length, size)


def _read(file: BinaryIO, length: int) -> bytes:
    """Up to `length` bytes; piecewise, so that nothing is set aside for bytes that never come."""
    pieces = []
    while length and (piece := file.read(min(length, PIECE))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def check_size(header: Header, size: int) -> None:
    """The file must end where its last tensor does."""
    if size < header.size:
        raise TruncatedError(
            f"has only {size} of its {header.size} bytes", do="Get the file again."
        )
    if size > header.size:
        raise TrailingError(f"has {size - header.size} bytes after the last tensor")


def _document(outer: object) -> Metadata:
    """The metadata out of safetensors' own, an object of texts."""
    if not isinstance(outer, dict) or not all(isinstance(v, str) for v in outer.values()):
        raise DocumentError("must be an object of texts", where="header.__metadata__")
    if "brush" not in outer:
        raise DocumentError(
            "is missing", where="header.__metadata__.brush", do="It is another safetensors file."
        )
    document = parse(outer["brush"].encode(), "brush")
    major, _ = Fields(document, "brush").take("format", version)
    if major not in DOCUMENTS:
        raise VersionError(
            f"this brush has version {major}, and this brushctl reads version 1",
            where="brush.format",
            do="Update brushctl.",
        )
    return DOCUMENTS[major](document, "brush")


def _slot(tensor: str, entry: object, grade: Mapping[str, tuple[int, ...]]) -> Slot:
    """The entry of a tensor; those of `grade` have their shapes there."""
    if is_graded(tensor):
        if tensor not in grade:
            raise TensorError(
                "is not a tensor of the document's grade", where=join("header", tensor)
            )
    elif not TENSOR.fullmatch(tensor):
        raise TensorError(
            "is not a tensor's name, as <site>.k or <site>.v", where=join("header", tensor)
        )
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise TensorError("needs exactly dtype, shape and data_offsets", where=tensor)
    dtype = entry["dtype"]
    dtypes = ("F32",) if tensor in grade and not tensor.endswith(".nodes") else tuple(ITEM_BYTES)
    if not isinstance(dtype, str) or dtype not in dtypes:
        raise DtypeError(f"must be {' or '.join(dtypes)}", where=f"{tensor}.dtype")
    shape, offsets = _whole_numbers(entry["shape"]), _whole_numbers(entry["data_offsets"])
    if len(offsets) != 2:
        raise TensorError("must be two whole numbers", where=f"{tensor}.data_offsets")
    if tensor in grade and shape != grade[tensor]:
        raise ShapeError(
            f"is {list(shape)}, but the document says {list(grade[tensor])}",
            where=f"{tensor}.shape",
        )
    if tensor not in grade and (len(shape) != 3 or not all(shape)):
        raise ShapeError("must be (j, m, d), each above 0", where=f"{tensor}.shape")
    start, end = offsets
    if end - start != math.prod(shape) * ITEM_BYTES[dtype]:
        raise ShapeError(f"does not fit its {end - start} bytes", where=f"{tensor}.shape")
    return Slot(dtype, shape, start, end)


def _whole_numbers(values: object) -> tuple[int, ...]:
    """The elements if they are whole numbers of at least 0, else nothing."""
    try:
        return array(index)(values, "")
    except FieldError:
        return ()


def _check_features(slots: Mapping[str, Slot], metadata: Metadata) -> None:
    """Every site has keys and values of one shape, all of one dtype, (j, m) as documented."""
    if metadata.instruction is None or metadata.buckets is None:
        if slots:
            raise TensorError(
                "belongs to an instruction, but the document has none", where=min(slots)
            )
        return
    sites = {tensor[:-2] for tensor in slots}
    alone = {f"{site}.{kind}" for site in sites for kind in "kv"} - set(slots)
    if not sites:
        raise TensorError("the instruction has no tensors", where="header")
    if alone:
        raise TensorError("is missing; a site needs keys (.k) and values (.v)", where=min(alone))
    if len(dtypes := {slot.dtype for slot in slots.values()}) > 1:
        raise DtypeError(f"the tensors mix {' and '.join(sorted(dtypes))}", where="header")
    expected = (metadata.buckets.count, metadata.instruction.m)
    for site in sorted(sites):
        k, v = slots[f"{site}.k"].shape, slots[f"{site}.v"].shape
        if k != v:
            raise ShapeError(f"its keys have the shape {list(k)}, its values {list(v)}", where=site)
        if k[:2] != expected:
            raise ShapeError(
                f"has {list(k[:2])} (buckets, tokens), but the document says {list(expected)}",
                where=site,
            )


def _check_layout(slots: Mapping[str, Slot]) -> int:
    """The tensors must lie one after the other, without hole or overlap; return their end."""
    position = 0
    for tensor, slot in sorted(slots.items(), key=lambda item: (item[1].start, item[0])):
        if slot.start > position:
            raise HoleError(f"has {slot.start - position} unused bytes before it", where=tensor)
        if slot.start < position:
            raise OverlapError("overlaps another tensor", where=tensor)
        position = slot.end
    return position
