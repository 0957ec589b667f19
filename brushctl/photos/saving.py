"""Write an edited photograph as its original was written, whole or not at all."""

import contextlib
import hashlib
import os
import secrets
import shutil
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.files import move, way_to
from brushctl.photos.choices import SUFFIXES
from brushctl.photos.colour import SRGB, Codes, Pixels, quantise
from brushctl.photos.images import Photo
from brushctl.photos.metadata import (
    JPEG_ROOM,
    PHOTOSHOP,
    SEGMENT,
    Metadata,
    Provenance,
    comments_of,
    stripped,
    takes_provenance,
    with_extended_xmp,
    with_provenance,
    with_whole_xmp,
)
from brushctl.photos.opening import without_remarks
from brushctl.photos.png import chunks_of, write_deep_png
from brushctl.photos.tiff import write_tiff

QUALITY = 95
"""Of a JPEG made from a photograph that was none (subsampling is then off)."""
MODERN_QUALITY = 90
"""Of a lossy WebP, AVIF or HEIC: none of them tells the quality it was saved with."""
COLOURED = 0.02
"""A grey photograph whose edit is on average this far from grey is written in colour."""
PART = ".brushctl-part"
DAY = 24 * 3600.0
"""Seconds after which a part is nobody's, whoever began it: writing one takes some seconds."""
_unfinished: set[Path] = set()
"""The temporary files of this process."""


def kind_of(target: Path | None, source: Path | None, like: Photo) -> str:
    """The format of a result: the photograph's own, unless its name asks for another.

    Args:
        target: the result's name; None where it has none.
        source: the photograph's, which need not tell its format; None where it has none.
        like: the photograph.

    Raises:
        PhotoError: that format cannot hold the photograph.
    """
    named, before = (SUFFIXES.get(p.suffix.lower()) if p else None for p in (target, source))
    kind = like.format if named in (None, before) else named
    if kind == "JPEG" and like.alpha is not None and like.alpha.min() < 1:
        raise PhotoError(
            "a JPEG cannot hold its transparency", do="Write PNG, TIFF or WebP instead."
        )
    return kind


@without_remarks()
def write_photo(
    path: Path,
    pixels: Pixels,
    like: Photo,
    *,
    kind: str,
    provenance: Provenance | None = None,
    strip: bool = False,
) -> list[str]:
    """Write pixels as a file like the photograph they come from; return what there is to warn of.

    Args:
        path: where, as it is: `replacing` gives one that takes its name when it is whole.
        pixels: (h, w, 3) float32, sRGB-encoded.
        like: the photograph whose profile, depth, alpha, metadata and compression to keep.
        kind: the format, as `kind_of` tells it.
        provenance: what to write into XMP about the edit, None for nothing.
        strip: leave EXIF, XMP and IPTC out.

    Raises:
        PhotoError: the format cannot be written or cannot hold the picture.
    """
    kept = stripped(like.metadata) if strip else like.metadata
    metadata, warnings = _told(kept, kind, provenance)
    _write(path, _encode(pixels, like, kind, metadata))
    return warnings


def _told(kept: Metadata, kind: str, provenance: Provenance | None) -> tuple[Metadata, list[str]]:
    """What goes into a file beside its pixels: whole, wherever the format sets a limit."""
    if kind != "JPEG":
        kept = with_whole_xmp(kept)
    if provenance and not takes_provenance(kept):
        return kept, ["its XMP is kept as it is and does not say which brush edited it"]
    told = with_provenance(kept, provenance) if provenance else kept
    if kind != "JPEG" or len(told.xmp or b"") <= JPEG_ROOM:
        return told, []
    if kept.extended_xmp:  # what did not fit before goes with the packet as it is
        return kept, ["its XMP leaves no room to say which brush edited it"]
    return with_extended_xmp(told), []


@contextlib.contextmanager
def replacing(
    target: Path, output: Path | None = None, *, overwrite: bool = True
) -> Iterator[Path]:
    """A temporary path beside `target` that takes its name once the block has ended well.

    The bytes are on the disk before the name is: whoever sees the name sees a whole file. Of a file
    that it replaces it keeps the permissions, the owner and group as far as it may give them, and
    the extended attributes.

    Args:
        target: the file to write.
        output: the folder of the run's journal, for `sweep`; None where there is none.
        overwrite: whether it may replace a file that has the name by then.

    Raises:
        PhotoError: it may not, and there is one.
    """
    # Not made from the target's name, which may be as long as names can be.
    owner = _owner(target.parent, output) if output else ""
    part = target.with_name(f".{owner}{secrets.token_hex(8)}{PART}")
    _unfinished.add(part)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            _take_after(target, part)
        _name(part, target, overwrite=overwrite)
    finally:
        part.unlink(missing_ok=True)
        _unfinished.discard(part)


def _name(part: Path, target: Path, *, overwrite: bool) -> None:
    try:
        move(part, target, overwrite=overwrite)
    except FileExistsError as error:
        raise PhotoError(
            "a file has appeared where the result would go, and is kept",
            where=str(target),
            do="Move it away and pass --retry-failed, or pass --overwrite.",
        ) from error


def _take_after(target: Path, part: Path) -> None:
    like, own = target.stat(), part.stat()
    if sys.platform != "win32":
        for user, group in ((-1, like.st_gid), (like.st_uid, -1)):  # a group is given by its member
            with contextlib.suppress(OSError):
                os.chown(part, user, group)
    shutil.copystat(target, part)
    os.utime(part, ns=(own.st_atime_ns, own.st_mtime_ns))  # it has changed, all the same


def remove_unfinished() -> None:
    """Delete the temporary files of this process, which is about to end at once."""
    for part in list(_unfinished):
        part.unlink(missing_ok=True)


def sweep(targets: Iterable[Path], output: Path) -> None:
    """Delete what killed runs left half-written: those with this journal, whose lock is held.

    Runs with other journals may be writing to the same folders at this moment (into `out` while
    this one writes into `out/2024`): what they left goes when it is a day old.

    Args:
        targets: files of the run.
        output: the folder of its journal.
    """
    for folder in {target.parent for target in targets}:
        with contextlib.suppress(OSError):  # of a folder that is not ours to write
            owner = _owner(folder, output)
            for part in folder.glob(f".*{PART}"):
                ours = part.name.startswith(f".{owner}")
                if ours or time.time() - part.stat().st_mtime > DAY:
                    part.unlink(missing_ok=True)


def _owner(folder: Path, output: Path) -> str:
    """The same for a folder and a journal wherever they are mounted, another for each journal."""
    way = way_to(output.resolve(), folder.resolve())
    return hashlib.sha256(os.fsencode(way)).hexdigest()[:8] + "-"


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A picture ready to be written: its codes (h, w, channels with alpha) and what goes along."""

    codes: Codes
    icc: bytes | None
    metadata: Metadata
    like: Photo
    kind: str


def _encode(pixels: Pixels, like: Photo, kind: str, metadata: Metadata) -> _Encoded:
    colour = like.colour
    if (
        (colour.channels == 4 and kind not in ("JPEG", "TIFF"))
        or (colour.channels == 1 and kind not in ("JPEG", "TIFF", "PNG"))
        or (colour.channels == 1 and _coloured(pixels))
    ):
        colour = SRGB(3)
    depth = like.depth if kind in ("PNG", "TIFF") else 8
    codes = colour.from_srgb(pixels, depth)
    if like.alpha is not None and kind != "JPEG":
        codes = np.concatenate([codes, quantise(like.alpha[..., None], depth)], axis=2)
    return _Encoded(codes, colour.icc, metadata, like, kind)


def _coloured(pixels: Pixels) -> bool:
    return float(np.mean(pixels.max(axis=2) - pixels.min(axis=2))) > COLOURED


def _write(part: Path, picture: _Encoded) -> None:
    codes, metadata, like = picture.codes, picture.metadata, picture.like
    try:
        if picture.kind == "TIFF":
            write_tiff(
                part,
                codes,
                metadata,
                icc=picture.icc,
                alpha=like.alpha is not None,
                compression=like.compression if like.format == "TIFF" else None,
            )
        elif codes.dtype == np.uint16:
            write_deep_png(part, codes, metadata, picture.icc)
        else:
            _write_with_pillow(part, picture)
    except (ArithmeticError, ValueError, KeyError, RuntimeError, OSError, struct.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk's, not of the format's
        raise PhotoError(
            f"it cannot be written as {picture.kind} ({error})",
            do="Write another format, as with --name '{stem}.png'; --strip leaves metadata out.",
        ) from error


def _write_with_pillow(part: Path, picture: _Encoded) -> None:
    codes, metadata = picture.codes, picture.metadata
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[codes.shape[2]]
    if codes.shape[2] == 4 and (picture.like.alpha is None or picture.kind == "JPEG"):
        mode = "CMYK"
    image = Image.fromarray(codes if codes.shape[2] > 1 else codes[..., 0], mode)
    options = _options(picture)
    if picture.icc:
        options["icc_profile"] = picture.icc
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    if picture.kind == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(part, **options)
    else:
        image.save(part, picture.kind, **options)
    if picture.kind == "JPEG":
        _insert_segments(part, metadata)


def _options(picture: _Encoded) -> dict[str, Any]:
    """What each format's writer wants, apart from profile and resolution."""
    metadata, like = picture.metadata, picture.like
    options: dict[str, Any] = {}
    if metadata.exif:
        options["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.xmp and picture.kind != "PNG":
        options["xmp"] = metadata.xmp
    match picture.kind:
        case "JPEG" if like.jpeg:
            options |= {
                "qtables": like.jpeg.quantization,
                "subsampling": like.jpeg.subsampling,
                "progressive": like.jpeg.progressive,
            }
        case "JPEG":
            options |= {"quality": QUALITY, "subsampling": 0}
        case "PNG":
            options["pnginfo"] = chunks_of(metadata)
        case "WEBP" if like.compression == "lossless":
            options |= {"lossless": True, "exact": True}
        case "WEBP" | "AVIF" | "HEIF":
            options["quality"] = MODERN_QUALITY
    return options


def _insert_segments(path: Path, metadata: Metadata) -> None:
    """Put into a JPEG what Pillow does not write, after its other application segments."""
    resources = metadata.resources or b""
    room = SEGMENT - len(PHOTOSHOP)
    blocks = [(0xE1, block) for block in metadata.extended_xmp]
    blocks += [(0xED, PHOTOSHOP + resources[i : i + room]) for i in range(0, len(resources), room)]
    blocks += [(0xFE, comment) for comment in comments_of(metadata)]
    if not blocks:
        return
    data = path.read_bytes()
    at = 2
    while data[at] == 0xFF and 0xE0 <= data[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    segments = [
        bytes((0xFF, marker)) + (2 + len(block)).to_bytes(2, "big") + block
        for marker, block in blocks
    ]
    path.write_bytes(data[:at] + b"".join(segments) + data[at:])
