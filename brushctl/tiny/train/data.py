"""The training set: drawn once by all cores, kept as arrays of bytes and read memory-mapped."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from brushctl.errors import UsageError
from brushctl.files import write_atomically
from brushctl.photos.icc import quantise
from brushctl.tiny.world.edits import draw_pair
from brushctl.tiny.world.textures import detailed

SIZE = 64
BLOCK = 500
"""Pairs that share a seed: small enough to spread over cores."""

Bytes = NDArray[np.uint8]
Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class PairSet:
    """Drawn pairs.

    Attributes:
        before: (n, 64, 64, 3) bytes.
        after: (n, 64, 64, 3) bytes.
        words: n instructions.
        phrases: for each pair, the phrases of its before and of its after picture.
    """

    before: Bytes
    after: Bytes
    words: list[str]
    phrases: list[tuple[list[str], list[str]]]

    def contents(self) -> Iterator[bytes | memoryview]:
        """All of it, piece by piece, to be told from other pairs."""
        yield json.dumps([self.words, self.phrases]).encode()
        for side in (self.before, self.after):
            for start in range(0, len(side), BLOCK):
                yield np.ascontiguousarray(side[start : start + BLOCK]).data


def _block(seed: int) -> PairSet:
    rng = np.random.default_rng(seed)
    pairs = [draw_pair(rng, SIZE) for _ in range(BLOCK)]
    before, after = (
        np.stack([quantise(q.pixels, 8) for q in side])
        for side in zip(*((p.before, p.after) for p in pairs), strict=True)
    )
    phrases = [(list(p.before.phrases), list(p.after.phrases)) for p in pairs]
    return PairSet(before, after, [p.instruction for p in pairs], phrases)


def _blocks(draw: Callable[[int], Drawn], n: int, seed: int) -> Iterator[Drawn]:
    """What all cores draw, block by block, each from a seed of its own.

    Raises:
        UsageError: `n` does not come to whole blocks.
    """
    if n < BLOCK or n % BLOCK:
        raise UsageError(
            "the number of pictures is no multiple of a block",
            where=str(n),
            do=f"Give a multiple of {BLOCK}.",
        )
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(draw, range(seed, seed + n // BLOCK))


def _detailed(seed: int) -> Bytes:
    rng = np.random.default_rng(seed)
    return np.stack([quantise(detailed(rng, SIZE), 8) for _ in range(BLOCK)])


def detail_set(folder: Path, n: int, seed: int) -> Bytes:
    """`n` pictures (a multiple of 500) full of detail, (n, 64, 64, 3), drawn as pairs are."""
    kept = folder / f"detail-{n}-{seed}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        stream = BytesIO()
        np.save(stream, np.concatenate(list(_blocks(_detailed, n, seed))))
        write_atomically(kept, stream.getvalue())
    drawn: Bytes = np.load(kept, mmap_mode="r")
    return drawn


def pair_set(folder: Path, n: int, seed: int) -> PairSet:
    """`n` pairs (a multiple of 500) drawn from `seed`, from `folder` if they are there already."""
    stem = folder / f"pairs-{n}-{seed}"
    words_file = stem.with_suffix(".json")
    if not words_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(stem, n, seed)
    text = json.loads(words_file.read_text())
    before, after = (np.load(f"{stem}-{side}.npy", mmap_mode="r") for side in ("before", "after"))
    return PairSet(before, after, text["words"], [(b, a) for b, a in text["phrases"]])


def _draw(stem: Path, n: int, seed: int) -> None:
    blocks = list(_blocks(_block, n, seed))
    np.save(f"{stem}-before.npy", np.concatenate([block.before for block in blocks]))
    np.save(f"{stem}-after.npy", np.concatenate([block.after for block in blocks]))
    text = {
        "words": [words for block in blocks for words in block.words],
        "phrases": [both for block in blocks for both in block.phrases],
    }
    # The words are written last: their presence says that the set is whole.
    write_atomically(stem.with_suffix(".json"), json.dumps(text).encode())
