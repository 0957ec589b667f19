"""How much this machine may hold at one time, and very much held at low cost."""

import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

CONTAINER = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux tells a container its limit: version 2 of control groups, and 1."""


def whole_memory() -> int:
    """Bytes of the machine's memory, or of its container's; 0 where the system does not tell."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
    for limit in CONTAINER:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number, and no limit
            whole = min(whole, int(limit.read_text()))
    return whole


@contextlib.contextmanager
def keeping_all() -> Iterator[None]:
    """Within the block, Python does not look for objects that are kept by each other alone.

    It would again and again while very many are made, and in vain where all are kept: of a long
    journal, for a third of the time.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
