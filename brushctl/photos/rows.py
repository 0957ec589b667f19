"""Large pictures, some rows at a time: no copy of the whole, and every core has its share."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

STRIPE = 64
"""Rows that a thread takes at a time: a few megabytes of a 24-megapixel photograph, so that what
one loop writes is still in the cache when the next reads it."""


class Picture(Protocol):
    """A picture whose rows can be had: an array, or what makes them when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and the number of channels."""

    def __getitem__(self, rows: slice, /) -> NDArray[Any]:
        """Some rows, (h, w, channels) float32."""


Edit = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]
"""Given the number of the first of some rows of a picture, and their pixels: these as edited."""


@dataclass(frozen=True, slots=True, eq=False)
class EditedPicture:
    """A picture whose rows are edited when they are asked for."""

    picture: Picture
    edit: Edit

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the picture."""
        return self.picture.shape

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """Some rows."""
        return self.edit(rows.start or 0, self.picture[rows])


def usable_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows hold no process to some of them
        return os.cpu_count() or 1


def in_stripes(
    work: Callable[[int, int], object],
    rows: int,
    threads: int | None = None,
    stripe: int = STRIPE,
) -> None:
    """Call work(first, end) for stripes that cover all rows, on all cores.

    Args:
        work: does the rows from first to end; what it raises is raised once others are done.
        rows: how many there are.
        threads: how many work at a time; by default as many as the process may use cores.
        stripe: rows that a thread takes at a time.
    """
    stripes = [(first, min(first + stripe, rows)) for first in range(0, rows, stripe)]
    threads = min(threads or usable_cores(), len(stripes))
    if threads <= 1:
        for each in stripes:
            work(*each)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, *each) for each in stripes]:
            done.result()


def edit_rows(picture: Picture, edit: Edit, threads: int | None = None) -> NDArray[np.float32]:
    """The whole of a picture as edited.

    Args:
        picture: (h, w, channels).
        edit: makes as many channels of its rows.
        threads: that work at a time; by default one for each core.
    """
    out = np.empty(picture.shape, np.float32)

    def stripe(first: int, end: int) -> None:
        out[first:end] = edit(first, picture[first:end])

    in_stripes(stripe, len(out), threads)
    return out
