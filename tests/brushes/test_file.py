"""Writing and reading brushes: one brush, one sequence of bytes, and back."""

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from brushctl.brushes.defects import DtypeError, FieldError, HeaderSizeError, NotFiniteError
from brushctl.brushes.file import (
    Brush,
    decode_brush,
    encode_brush,
    read_brush,
    sealed,
    write_brush,
)
from brushctl.brushes.header import FILE_CAP, read_metadata
from brushctl.brushes.metadata import Buckets, Metadata
from brushctl.brushes.strict_json import canonical
from brushctl.errors import BrushFormatError
from tests.brushes import makers


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(makers.brushes())
def test_what_is_written_is_read_and_written_again_byte_for_byte(brush):
    data = encode_brush(brush)
    back = decode_brush(data)
    assert encode_brush(back) == data
    assert replace(back.metadata, content_sha256="") == brush.metadata
    assert set(back.tensors) == set(brush.tensors)
    for key, tensor in brush.tensors.items():
        assert back.tensors[key].dtype == tensor.dtype
        assert back.tensors[key].tobytes() == tensor.tobytes()  # to the bit: -0 is not 0


def test_unknown_fields_of_a_newer_minor_version_survive():
    brush = makers.plain()
    instruction = replace(brush.metadata.instruction, extra={"voice": {"pitch": [1, 2.5]}})
    metadata = replace(
        brush.metadata, format=(1, 9), instruction=instruction, extra={"mood": "calm"}
    )
    back = decode_brush(encode_brush(replace(brush, metadata=metadata))).metadata
    assert back.format == (1, 9)
    assert back.extra == {"mood": "calm"}
    assert back.instruction.extra == {"voice": {"pitch": [1, 2.5]}}


def test_the_bytes_depend_on_neither_the_process_nor_the_order_of_the_tensors():
    program = "import sys; from tests.brushes.makers import plain;"
    program += "from brushctl.brushes.file import encode_brush;"
    program += "sys.stdout.buffer.write(encode_brush(plain()))"
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "123", "PYTHONPATH": str(Path.cwd())},
    ).stdout
    brush = makers.plain()
    turned = Brush(brush.metadata, dict(reversed(brush.tensors.items())))
    assert encode_brush(brush) == encode_brush(turned) == other


def test_big_endian_features_are_written_as_little_endian():
    brush = makers.plain()
    swapped = {key: t.astype(t.dtype.newbyteorder(">")) for key, t in brush.tensors.items()}
    assert encode_brush(Brush(brush.metadata, swapped)) == encode_brush(brush)


def test_the_content_hash_changes_with_what_steers_the_edit_and_with_nothing_else():
    brush = makers.plain()
    meta = brush.metadata

    def hashed(metadata: Metadata) -> str:
        return decode_brush(encode_brush(Brush(metadata, brush.tensors))).metadata.content_sha256

    same = hashed(meta)
    renamed = replace(meta, name="other", title="Other", base=replace(meta.base, id="copy"))
    assert hashed(renamed) == same
    steered = (
        replace(meta, apply=replace(meta.apply, s_T=3.0)),
        replace(meta, buckets=Buckets(5, (0, 1, 2, 3, 4, 1000))),
        replace(meta, instruction=replace(meta.instruction, phrase="turn it into gold")),
        replace(meta, base=replace(meta.base, model_sha256="f" * 64)),
    )
    assert len({same, *map(hashed, steered)}) == 5


@pytest.mark.parametrize(
    ("features", "defect"),
    [
        (np.full((5, 3, 4), np.nan, np.float16), NotFiniteError),
        (np.full((5, 3, 4), -np.inf, np.float32), NotFiniteError),
        (np.zeros((5, 3, 4), np.float64), DtypeError),
        (np.zeros((5, 3, 4), np.int16), DtypeError),
    ],
)
def test_what_no_reader_would_accept_is_not_written(features, defect):
    brush = makers.plain()
    tensors = {**brush.tensors, "mid.attn2.k": features}
    with pytest.raises(defect, match=r"mid\.attn2\.k"):
        encode_brush(Brush(brush.metadata, tensors))


@pytest.mark.parametrize("name", ["", "x" * 101, "bell\x07", "half \ud800"])
def test_metadata_that_could_not_be_read_is_not_written(name, tmp_path):
    brush = makers.plain()
    with pytest.raises(BrushFormatError):
        write_brush(Brush(replace(brush.metadata, name=name), brush.tensors), tmp_path / "x.brush")
    assert not list(tmp_path.iterdir())


def test_an_error_names_the_file_and_the_field(tmp_path):
    path = tmp_path / "odd.brush"
    data = encode_brush(makers.plain())
    path.write_bytes(data.replace(b'\\"steps\\":20', b'\\"steps\\":-1'))
    for read in (read_brush, read_metadata):
        with pytest.raises(FieldError) as refused:
            read(path)
        assert refused.value.where == f"{path}: brush.apply.steps"


@pytest.mark.parametrize(
    "prefix",
    [
        (2**63).to_bytes(8, "little") + b"{}",
        (2**20).to_bytes(8, "little") + b"{}",
    ],
)
def test_no_announcement_makes_the_reader_allocate_what_is_not_there(prefix, tmp_path):
    path = tmp_path / "liar.brush"
    path.write_bytes(prefix)
    with pytest.raises(BrushFormatError):
        read_brush(path)  # whatever is loaded on first use
    tracemalloc.start()
    with pytest.raises(BrushFormatError):
        read_brush(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def announcing(path: Path, j: int, m: int, d: int, sites: int) -> Path:
    """A brush file of these shapes, whose features are a hole on the disk."""
    metadata = makers.plain(j=j, m=m).metadata
    size = 2 * j * m * d
    entries: dict[str, object] = {"__metadata__": {"brush": canonical(metadata.to_dict())}}
    for k, name in enumerate(f"{site}.{kind}" for site in range(sites) for kind in "kv"):
        placed = {"data_offsets": [k * size, (k + 1) * size]}
        entries[name] = {"dtype": "F16", "shape": [j, m, d], **placed}
    header = canonical(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(path, 8 + len(header) + 2 * sites * size)
    return path


def test_the_header_of_the_largest_brush_anybody_makes_is_read_and_costs_what_a_small_one_does(
    tmp_path,
):
    largest = announcing(tmp_path / "large.brush", j=5, m=512, d=6144, sites=57)
    small = announcing(tmp_path / "small.brush", j=5, m=512, d=1, sites=57)
    assert 2**30 < largest.stat().st_size < FILE_CAP
    peaks = []
    for path in (small, small, largest):
        tracemalloc.start()
        assert read_metadata(path).instruction.m == 512
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 20_000


def test_a_file_over_the_cap_is_refused_by_its_header(tmp_path):
    path = announcing(tmp_path / "over.brush", j=5, m=512, d=8192, sites=57)
    with pytest.raises(HeaderSizeError, match=str(FILE_CAP)):
        read_brush(path)


@pytest.mark.parametrize(
    ("group", "field", "value"),
    [
        ("apply", "steps", 10**6),
        ("apply", "steps", 1001),
        ("apply", "s_T", 1001),
        ("apply", "s_I", 10**400),
        ("apply", "resolution", 8193),
        ("instruction", "phrase", "x" * 4097),
    ],
)
def test_what_is_beyond_the_limits_is_neither_sealed_nor_written(group, field, value):
    brush = makers.plain()
    changed = replace(getattr(brush.metadata, group), **{field: value})
    greedy = replace(brush, metadata=replace(brush.metadata, **{group: changed}))
    for write in (sealed, encode_brush):
        with pytest.raises(BrushFormatError) as refused:
            write(greedy)
        assert refused.value.where == f"brush.{group}.{field}"


def test_metadata_of_a_file_of_any_size_takes_the_same_memory(tmp_path):
    peaks = []
    for d in (4, 400_000):
        path = write(makers.plain(d=d, j=1, m=1), tmp_path / f"{d}.brush")
        read_metadata(path)
        tracemalloc.start()
        read_metadata(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "400000.brush").stat().st_size > 4_000_000
    assert abs(peaks[1] - peaks[0]) < 20_000


def write(brush: Brush, path):
    write_brush(brush, path)
    return path


def test_even_buckets_are_those_of_the_papers_formula():
    for j, T in ((5, 1000), (3, 1000), (7, 999), (1, 1000)):
        edges = Buckets.even(j, T).edges
        for t in range(T):
            k = t * j // T
            assert edges[k] <= t < edges[k + 1]
