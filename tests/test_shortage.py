"""What the system refuses is told as that, and not as whatever could not be loaded for it."""

import errno
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from brushctl.engine.model.hub import unavailable
from brushctl.errors import BaseModelError, DeviceMemoryError, lack_of, shortage

UNMAPPED = "libtorch_cpu.so: failed to map segment from shared object"
REFUSED = {
    "memory": [
        MemoryError(),
        ImportError(UNMAPPED),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA out of memory."),
    ],
    "threads": [
        RuntimeError("can't start new thread"),
        RuntimeError("Resource temporarily unavailable"),
    ],
    None: [
        ImportError("No module named 'torch'"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),  # of a stream
        ValueError("a damaged file"),
    ],
}


@pytest.mark.parametrize(
    ("lack", "error"),
    [(lack, error) for lack, errors in REFUSED.items() for error in errors],
    ids=str,
)
def test_what_was_refused_is_told_by_type_or_words_however_deep(lack, error):
    above = RuntimeError("Failed to import diffusers.pipelines")
    above.__cause__ = error
    assert lack_of(error) == lack_of(above) == lack
    told = shortage(above)
    assert told is None if lack is None else lack in str(told)


def test_a_base_that_memory_is_short_for_is_not_missing():
    told = unavailable("a/base", None, ImportError(UNMAPPED))
    assert isinstance(told, DeviceMemoryError)
    assert "download" not in str(told)
    assert isinstance(unavailable("a/base", None, OSError("damaged")), BaseModelError)


LEARNING = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, 2 * (int(sys.argv.pop(1)) * 10**6,))
from brushctl.cli.app import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems set no such limit")
@pytest.mark.parametrize("megabytes", [250, 400, 600])
def test_a_command_that_memory_is_short_for_says_so(tmp_path, megabytes, monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # each thread takes some of it
        monkeypatch.setenv(name, "1")
    for side, light in (("before", 90), ("after", 180)):
        (tmp_path / side).mkdir()
        pixels = np.random.default_rng(0).integers(0, light, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / side / "one.png")
    how = ("--parts", "instruction", "--no-phrase", "--device", "cpu", "--steps", "1")
    command = ("learn", str(tmp_path), *how)
    done = subprocess.run(
        [sys.executable, "-c", LEARNING, str(megabytes), *command, "-o", str(tmp_path / "x.brush")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "hf download" not in done.stderr
    assert "Traceback" not in done.stderr
