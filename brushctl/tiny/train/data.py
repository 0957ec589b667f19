"""The training set: drawn once by all cores, kept as arrays of bytes and read memory-mapped."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brushctl.files import write_atomically
from brushctl.photos.colour import quantise
from brushctl.tiny.world import draw_pair
from brushctl.tiny.world.textures import detailed

SIZE = 64
BLOCK = 500
"""Pairs that share a seed: small enough to spread over cores."""

Bytes = NDArray[np.uint8]


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


def _block(seed: int) -> tuple[Bytes, Bytes, list[str], list[tuple[list[str], list[str]]]]:
    rng = np.random.default_rng(seed)
    pairs = [draw_pair(rng, SIZE) for _ in range(BLOCK)]
    as_bytes = [
        np.stack([quantise(q.pixels, 8) for q in side])
        for side in zip(*((p.before, p.after) for p in pairs), strict=True)
    ]
    phrases = [(list(p.before.phrases), list(p.after.phrases)) for p in pairs]
    return as_bytes[0], as_bytes[1], [p.instruction for p in pairs], phrases


def _blocks(
    n: int, seed: int
) -> Iterator[tuple[Bytes, Bytes, list[str], list[tuple[list[str], list[str]]]]]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(_block, range(seed, seed + n // BLOCK))


def _detailed(seed: int) -> Bytes:
    rng = np.random.default_rng(seed)
    return np.stack([quantise(detailed(rng, SIZE), 8) for _ in range(BLOCK)])


def detail_set(folder: Path, n: int, seed: int) -> Bytes:
    """`n` pictures (a multiple of 500) full of detail, (n, 64, 64, 3), drawn as pairs are."""
    kept = folder / f"detail-{n}-{seed}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            pictures = np.concatenate(list(pool.map(_detailed, range(seed, seed + n // BLOCK))))
        stream = BytesIO()
        np.save(stream, pictures)
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
    before, after, words, phrases = zip(*_blocks(n, seed), strict=True)
    np.save(f"{stem}-before.npy", np.concatenate(before))
    np.save(f"{stem}-after.npy", np.concatenate(after))
    text = {"words": list(chain(*words)), "phrases": list(chain(*phrases))}
    # The words are written last: their presence says that the set is whole.
    write_atomically(stem.with_suffix(".json"), json.dumps(text).encode())
