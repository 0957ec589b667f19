"""JSON in strictly, and out in one way."""

import json
import random
import shutil
import struct
import subprocess
import time

import pytest
from hypothesis import given, settings

from brushctl.brushes.defects import DepthError, DuplicateError, JsonError
from brushctl.brushes.strict_json import canonical, parse
from tests.brushes import makers


@settings(deadline=None)
@given(makers.json_values)
def test_what_is_written_reads_back_and_writes_the_same(value):
    text = canonical({"a": value})
    assert canonical(parse(text.encode(), "x")) == text


# RFC 8785, appendix B, as far as the numbers are finite.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_printed_as_the_rfc_says(bits, text):
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]) == text


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_numbers_are_printed_as_ecmascript_prints_them():
    source = random.Random(0)
    numbers = [struct.unpack("<d", source.randbytes(8))[0] for _ in range(5000)]
    numbers += [source.uniform(-10, 10) * 10.0 ** source.randint(-12, 26) for _ in range(5000)]
    text = json.dumps([x for x in numbers if abs(x) < float("inf")])
    program = "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    theirs = subprocess.run(
        ["node", "-e", program], input=text, capture_output=True, text=True, check=True
    )
    ours = canonical(parse(f'{{"a":{text}}}'.encode(), "x")["a"])
    assert ours == theirs.stdout.strip()


def test_keys_are_sorted_by_utf_16_code_units():
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize(
    ("text", "error", "where"),
    [
        (b'{"a":{"b":1,"b":1}}', DuplicateError, "x.a.b"),
        (b'{"a":[{"odd key":1,"odd key":1}]}', DuplicateError, 'x.a[0]["odd key"]'),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", DepthError, "x"),
        (b'{"a":' + b"[" * 100_000, DepthError, "x"),
        (b'{"a":-1e400}', JsonError, "x.a"),
        (b'{"a":' + b"9" * 5000 + b"}", JsonError, "x.a"),
        (b'{"a":Infinity}', JsonError, "x"),
        (b'{"a":"\\udc00"}', JsonError, "x.a"),
        (b'{"a":01}', JsonError, "x"),
        (b'{"a":"\n"}', JsonError, "x"),
        (b'\xef\xbb\xbf{"a":1}', JsonError, "x"),
        (b'{"a":"\xff"}', JsonError, "x"),
        (b"[]", JsonError, "x"),
        (b"", JsonError, "x"),
    ],
)
def test_loose_json_is_refused_where_it_is_loose(text, error, where):
    with pytest.raises(error) as refused:
        parse(text, "x")
    assert refused.value.where == where


def test_a_long_key_is_not_copied_for_each_of_its_elements():
    def seconds(key: str) -> float:
        raw = f'{{"{key}": [{",".join("0" * 50_000)}]}}'.encode()
        started = time.process_time()
        parse(raw, "header")
        return time.process_time() - started

    seconds("k")  # whatever is loaded on first use
    assert seconds("é" * 200_000) < 10 * seconds("k")
