"""Whether two versions of the codecs read and write the same.

Run as `python -m tests.compare_codecs BEFORE AFTER`, with the checkouts of both versions. Files of
every format, depth and kind of metadata are made, and some damaged ones of each; each version
decodes them and encodes what it has read in every format. What differs is listed.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

KINDS = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")
DAMAGED = 12
"""Copies of each file with a few bytes changed, or cut short."""


def files() -> Iterator[tuple[str, bytes]]:
    """Names and contents of photographs, always the same."""
    from tests.photos import makers

    levels, deep = makers.picture(), makers.deep_picture(channels=4)
    p3 = makers.profile(makers.DISPLAY_P3, 2.2)
    exif = makers.exif(6)
    alpha = np.dstack([levels, levels[..., :1]])
    modes = {"L": levels[..., 0], "RGB": levels, "RGBA": alpha, "LA": alpha[..., 2:]}
    formats: dict[str, dict[str, Any]] = {
        "JPEG": {},
        "PNG": {},
        "TIFF": {},
        "WEBP": {"lossless": True},
        "AVIF": {},
        "HEIF": {},
    }
    for kind, how in formats.items():
        for mode, codes in modes.items():
            if kind == "JPEG" and "A" in mode:
                continue
            yield f"{mode}.{kind}", saved(codes, kind, **how)
        full = {"exif": exif, "icc_profile": p3, "dpi": (240, 240)}
        full |= {} if kind in ("PNG", "TIFF") else {"xmp": makers.XMP}
        yield f"full.{kind}", saved(levels, kind, **how, **full)
        for orientation in range(2, 9):
            held = makers.exif(orientation)
            yield f"turned{orientation}.{kind}", saved(levels, kind, **how, exif=held)
    yield "lzw.TIFF", saved(levels, "TIFF", compression="tiff_lzw")
    yield "lossy.WEBP", saved(levels, "WEBP", exif=exif)
    yield "cmyk.JPEG", saved(np.asarray(Image.fromarray(levels).convert("CMYK")), "JPEG", "CMYK")
    yield "cmyk.TIFF", saved(np.asarray(Image.fromarray(levels).convert("CMYK")), "TIFF", "CMYK")
    for name, how in {"progressive": {"progressive": True}, "422": {"subsampling": 1}}.items():
        yield f"{name}.JPEG", saved(levels, "JPEG", quality=71, comment=b"by Anna", **how)
    for mode in ("1", "P"):
        for kind in ("PNG", "TIFF"):
            yield f"{mode}.{kind}", saved(Image.fromarray(levels).convert(mode), kind)
    yield from several(makers)
    yield from of_16_bits(makers, deep, p3)


def several(makers: Any) -> Iterator[tuple[str, bytes]]:
    """Animations, pages, and JPEGs with more behind them or in further segments."""
    pictures = [Image.fromarray(makers.picture(seed=n)) for n in range(3)]
    for kind in ("PNG", "TIFF", "WEBP", "AVIF"):
        stream = io.BytesIO()
        pictures[0].save(stream, kind, save_all=True, append_images=pictures[1:])
        yield f"several.{kind}", stream.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for n, kind in enumerate((makers.UNDEFINED, makers.FULL_HD)):
            makers.write_mpo(path, kind)
            yield f"mpo{n}.JPEG", path.read_bytes()
        makers.write_jpeg(path, makers.picture(), icc_profile=bytes(range(256)) * 600)
        yield "segments.JPEG", path.read_bytes()
        yield "film.JPEG", path.read_bytes() + b"\0\0\0\x10ftypmp42" + bytes(99)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield "srgb.PNG", saved(makers.picture(), "PNG", icc_profile=srgb)


def of_16_bits(makers: Any, deep: np.ndarray, icc: bytes) -> Iterator[tuple[str, bytes]]:
    """PNGs and TIFFs that Pillow does not read as they are."""
    for channels in range(1, 5):
        codes = deep[..., :channels] if channels > 1 else deep[..., 0]
        yield f"deep{channels}.PNG", bytes(imagecodecs.png_encode(np.ascontiguousarray(codes)))
        for planar in ("contig", "separate") if channels > 2 else ("contig",):
            for order in "<>":
                stored = np.moveaxis(codes, -1, 0) if planar == "separate" else codes
                how: dict[str, Any] = {"photometric": "rgb" if channels > 2 else "minisblack"}
                if channels in (2, 4):
                    how["extrasamples"] = ["assocalpha"]
                stream = io.BytesIO()
                how |= {"planarconfig": planar, "byteorder": order, "compression": "zlib"}
                tifffile.imwrite(stream, stored, iccprofile=icc, metadata=None, **how)
                yield f"deep{channels}{planar}{order}.TIFF", stream.getvalue()
    png = bytes(imagecodecs.png_encode(makers.picture()))
    chunks = {
        b"eXIf": makers.exif(8).tobytes().removeprefix(b"Exif\0\0"),
        b"pHYs": bytes((0, 0, 32, 0, 0, 0, 32, 0, 1)),
        b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0" + makers.XMP,
        b"tEXt": b"Comment\0by Anna",
        b"cICP": bytes((12, 13, 0, 1)),
    }
    said = b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in chunks.items()
    )
    yield "chunks.PNG", png[:33] + said + png[33:]
    yield "behind.PNG", png[:-12] + said + png[-12:]


def saved(codes: Any, kind: str, mode: str | None = None, **how: Any) -> bytes:
    """A picture as Pillow writes it."""
    stream = io.BytesIO()
    image = codes if isinstance(codes, Image.Image) else Image.fromarray(codes, mode)
    image.save(stream, kind, **how)
    return stream.getvalue()


def damaged(data: bytes, seed: int) -> bytes:
    """A file with a few bytes changed, most near its beginning; every third is cut short."""
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for at in rng.integers(0, len(data), 2), *rng.integers(0, min(600, len(data)), (3, 1)):
        for place in at:
            changed[place] = rng.integers(256)
    return bytes(changed[: rng.integers(8, len(data))] if seed % 3 == 0 else changed)


def outcome(data: bytes) -> dict[str, str]:
    """What the version that is imported makes of a file, in words and hashes."""
    from brushctl.errors import PhotoError
    from brushctl.photos.encode import encode_photo
    from brushctl.photos.metadata.blocks import Provenance
    from brushctl.photos.photo import decode_photo

    try:
        photo = decode_photo(data, "in", first_frame=True)
    except PhotoError as error:
        return {"refused": error.what}
    metadata = photo.metadata
    blocks = ("xmp", "resources", "extended_xmp", "dpi", "texts")
    told = {name: digest(repr(getattr(metadata, name)).encode()) for name in blocks}
    told |= {name: repr(getattr(photo, name)) for name in ("format", "depth", "warnings")}
    exif = getattr(metadata.exif, "block", metadata.exif)
    alone = photo.alone if hasattr(photo, "alone") else not photo.auxiliary
    told |= {"exif": digest(exif), "alone": str(alone), "icc": digest(photo.colour.icc)}
    told |= {"pixels": digest(photo.pixels.tobytes())}
    told |= {"alpha": digest(None if photo.alpha is None else photo.alpha.tobytes())}
    edited = Provenance("dusk", "0" * 64, "tests")
    for kind in KINDS:
        try:
            written, warnings = encode_photo(photo.pixels, photo, kind=kind, provenance=edited)
            told[f"as {kind}"] = digest(written) + repr(warnings)
        except PhotoError as error:
            told[f"as {kind}"] = error.what
    return told


def digest(data: bytes | None) -> str:
    """A hash of some bytes; a word for none."""
    return "none" if data is None else hashlib.sha256(data).hexdigest()[:16]


def read_all(folder: Path) -> None:
    """Print the outcome of each file in a folder."""
    print(json.dumps({f.name: outcome(f.read_bytes()) for f in sorted(folder.iterdir())}))  # noqa: T201


def outcomes(checkout: Path, folder: Path) -> dict[str, dict[str, str]]:
    """What a version makes of the files in a folder."""
    program = "import sys; from pathlib import Path; from tests import compare_codecs as c; "
    done = subprocess.run(
        [sys.executable, "-c", program + "c.read_all(Path(sys.argv[1]))", str(folder)],
        env=os.environ | {"PYTHONPATH": f"{checkout}:{Path(__file__).parents[1]}"},
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, dict[str, str]] = json.loads(done.stdout)
    return told


def main() -> None:
    """See above."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in files():
            (folder / file).write_bytes(data)
            for seed in range(DAMAGED):
                (folder / f"{file}.{seed}").write_bytes(damaged(data, seed))
        before, after = (outcomes(Path(place), folder) for place in sys.argv[1:3])
    differ = 0
    for file, told in before.items():
        for what in sorted({*told, *after[file]}):
            old, new = told.get(what), after[file].get(what)
            if old != new:
                differ += 1
                print(f"{file}: {what}: {old} -> {new}")  # noqa: T201
    print(f"{len(before)} files, {differ} differences")  # noqa: T201


if __name__ == "__main__":
    main()
