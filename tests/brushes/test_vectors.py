"""The conformance files: what each is, every reader says, and the schema agrees."""

import json
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from safetensors.numpy import load

from brushctl.brushes import defects
from brushctl.brushes.file import decode_brush, encode_brush
from brushctl.brushes.strict_json import parse
from brushctl.errors import BrushFormatError

FORMATS = Path(__file__).parents[2] / "formats"
VECTORS = FORMATS / "vectors"
MANIFEST = json.loads((VECTORS / "manifest.json").read_text())
VALID, INVALID = sorted(MANIFEST["valid"]), sorted(MANIFEST["invalid"])
SCHEMA = Draft202012Validator(json.loads((FORMATS / "brush-1.schema.json").read_text()))
SCHEMA_REFUSES = {"brush-field", "brush-version"}
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")


def document(data: bytes) -> dict | None:
    """The file's document where the JSON of both layers is sound."""
    try:
        header = parse(data[8 : 8 + int.from_bytes(data[:8], "little")], "header")
        return parse(header["__metadata__"]["brush"].encode(), "brush")
    except (BrushFormatError, KeyError, TypeError, AttributeError):
        return None


def test_the_committed_files_are_those_that_the_script_builds(tmp_path):
    runpy.run_path(str(FORMATS / "make_vectors.py"))["main"](tmp_path)
    committed = {p.relative_to(VECTORS): p.read_bytes() for p in VECTORS.rglob("*.*")}
    assert {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.*")} == committed


@pytest.mark.parametrize("name", VALID)
def test_a_valid_file_is_read_and_written_back_as_it_was_if_it_is_canonical(name):
    data = (VECTORS / "valid" / name).read_bytes()
    written = encode_brush(decode_brush(data))
    assert (written == data) == MANIFEST["valid"][name]["canonical"]
    assert decode_brush(written).metadata == decode_brush(data).metadata


@pytest.mark.parametrize("name", VALID)
def test_a_stock_safetensors_reader_opens_a_valid_file(name):
    data = (VECTORS / "valid" / name).read_bytes()
    stock, ours = load(data), decode_brush(data).tensors
    assert set(stock) == set(ours)
    assert all((stock[key] == ours[key]).all() for key in ours)


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_file_raises_its_named_error_at_its_place(name):
    expected = MANIFEST["invalid"][name]
    with pytest.raises(BrushFormatError) as refused:
        decode_brush((VECTORS / "invalid" / name).read_bytes())
    error = refused.value
    assert (error.code, error.where) == (expected["error"], expected["where"])
    assert error.exit_status == 5


def test_every_defect_has_a_file():
    codes = {
        kind.code
        for kind in vars(defects).values()
        if isinstance(kind, type) and kind is not BrushFormatError
    }
    assert {entry["error"] for entry in MANIFEST["invalid"].values()} == codes


@pytest.mark.parametrize("name", VALID)
def test_the_schema_accepts_the_documents_of_valid_files(name):
    SCHEMA.validate(document((VECTORS / "valid" / name).read_bytes()))


@pytest.mark.parametrize("name", INVALID)
def test_the_schema_refuses_a_document_exactly_where_the_reader_blames_a_field(name):
    said = document((VECTORS / "invalid" / name).read_bytes())
    if said is None:
        assert MANIFEST["invalid"][name]["error"] not in SCHEMA_REFUSES
    else:
        blamed = MANIFEST["invalid"][name]["error"] in SCHEMA_REFUSES
        assert SCHEMA.is_valid(said) != blamed


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA.schema)


@needs_node
def test_the_javascript_reader_agrees_on_every_file():
    files = [VECTORS / "valid" / n for n in VALID] + [VECTORS / "invalid" / n for n in INVALID]
    expected = [(None, None)] * len(VALID) + [
        (MANIFEST["invalid"][n]["error"], MANIFEST["invalid"][n]["where"]) for n in INVALID
    ]
    assert javascript(*files) == expected


def javascript(*files: Path) -> list[tuple[str | None, str | None]]:
    """The verdict of formats/reader on each file: the error's code and place."""
    done = subprocess.run(
        ["node", str(FORMATS / "reader/check.mjs"), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    return [(verdict["error"], verdict["where"]) for verdict in verdicts]
