"""Makers of the files that the tests of this room open: small, and real."""

import io
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from brushctl.files import write_atomically
from brushctl.photos.encode import encode_photo, kind_of
from brushctl.photos.photo import Photo

pillow_heif.register_heif_opener()


def picture(width: int = 96, height: int = 64, seed: int = 0) -> np.ndarray:
    """A smooth, colourful (h, w, 3) uint8 picture without symmetry."""
    coarse = np.random.default_rng(seed).integers(20, 236, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def deep_picture(width: int = 96, height: int = 64, channels: int = 3) -> np.ndarray:
    """A (h, w, channels) uint16 picture that uses more than 8 bits."""
    ramp = np.linspace(0, 65535, width * height).reshape(height, width)
    return np.stack([np.roll(ramp, 7 * c, axis=1) for c in range(channels)], -1).astype(np.uint16)


def exif(orientation: int = 1, size: tuple[int, int] = (96, 64)) -> Image.Exif:
    """What a camera writes: maker, lens, place, size and the way it was held."""
    block = Image.Exif()
    block[271], block[305], block[315] = "Kamera AG", "Firmware 7", "Anna"
    if orientation != 1:
        block[274] = orientation
    inner = block.get_ifd(0x8769)
    inner.update({0xA002: size[0], 0xA003: size[1], 0xA434: "50mm F1.8", 0x927C: b"maker\0note"})
    block[0x8769] = inner
    place = block.get_ifd(0x8825)
    place.update({1: "N", 2: (48.0, 8.0, 14.0)})
    block[0x8825] = place
    return block


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" tiff:Orientation="6" xmp:Rating="5"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
CAPTION = b"\x1c\x02\x78\x00\x05Sonne"  # an IPTC record: 2:120 caption
RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(CAPTION)) + CAPTION

UNDEFINED, FULL_HD = 0x000000, 0x010002
"""Kinds of a further picture (CIPA DC-007, 5.2.3.3.1): a gain map has none of its own."""
GAIN_MAP = XMP.replace(
    b'tiff:Orientation="6"',
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"',
)


def write_mpo(path: Path, kind: int = UNDEFINED, **how: object) -> None:
    """A JPEG with another picture behind it, of a kind."""
    first, second = (Image.fromarray(picture(seed=seed)) for seed in (0, 1))
    first.save(path, "MPO", save_all=True, append_images=[second], **how)
    data = path.read_bytes()
    index = data.index(b"MPF\0")
    at = data.rindex(struct.pack("<L", 0x030000), index, index + 102) + 16  # after the first's
    path.write_bytes(data[:at] + struct.pack("<L", kind) + data[at + 4 :])


D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03135, 0.00009, 0.82491))


REC_2020 = ((0.67347, 0.27904, -0.00194), (0.16566, 0.67533, 0.02997), (0.12505, 0.04563, 0.79686))


def profile(primaries: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """A matrix profile from its XYZ (D50) primaries and one gamma."""
    return matrix_profile(primaries, gamma_curve(gamma))


def gamma_curve(gamma: float) -> bytes:
    """A profile's curve of one gamma."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def matrix_profile(
    primaries: tuple[tuple[float, ...], ...], curve: bytes, more: dict[bytes, bytes] | None = None
) -> bytes:
    """A matrix profile from its XYZ (D50) primaries, one curve and further tags."""
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, primaries), strict=True))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve) | (more or {})
    return _icc(b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """A grey profile of one gamma."""
    return _icc(b"GRAY", b"XYZ ", {b"kTRC": gamma_curve(gamma)})


def cmyk_profile() -> bytes:
    """A CMYK profile of tables (lut8, 9 steps an axis) for inks that mix without any bleeding."""
    steps = np.linspace(0, 1, 9)
    c, m, y, k = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    mixed = np.stack([(1 - c) * (1 - k), (1 - m) * (1 - k), (1 - y) * (1 - k)], -1)
    forward = _lab(mixed.reshape(1, -1, 3)).tobytes()
    back = io.BytesIO()
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    for light in steps:
        for a in steps:
            for b in steps:
                back.write(_inks(light, a, b))
    return _icc(
        b"CMYK",
        b"Lab ",
        {b"A2B0": _lut8(4, 3, 9, forward), b"B2A0": _lut8(3, 4, 9, back.getvalue())},
        kind=b"prtr",
    )


def scanner_profile(vivid: float = 1.5) -> bytes:
    """An RGB profile of tables (lut8, 9 steps an axis): sRGB, but with more vivid colours."""
    from skimage.color import lab2rgb

    steps = np.linspace(0, 1, 9)
    rgb = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(1, -1, 3)
    lab = (_lab(rgb) - (0, 128, 128)) * (1, vivid, vivid) + (0, 128, 128)
    light, a, b = np.meshgrid(steps * 100, steps * 255 - 128, steps * 255 - 128, indexing="ij")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corners of Lab that no light has
        back = lab2rgb(np.stack([light, a / vivid, b / vivid], -1).reshape(1, -1, 3)) * 255
    forward, back = (np.rint(t).clip(0, 255).astype(np.uint8).tobytes() for t in (lab, back))
    tables = {b"A2B0": _lut8(3, 3, 9, forward), b"B2A0": _lut8(3, 3, 9, back)}
    return _icc(b"RGB ", b"Lab ", tables, kind=b"scnr")


def _lab(rgb: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2lab

    lab = rgb2lab(rgb) * (2.55, 1, 1) + (0, 128, 128)
    return np.rint(lab).clip(0, 255).astype(np.uint8)


def _inks(light: int, a: int, b: int) -> bytes:
    from skimage.color import lab2rgb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corners of Lab that no light has
        rgb = lab2rgb([[[light / 2.55, float(a) - 128, float(b) - 128]]])[0, 0]
    return np.rint([*(1 - rgb) * 255, 0]).clip(0, 255).astype(np.uint8).tobytes()


def _lut8(inputs: int, outputs: int, grid: int, table: bytes) -> bytes:
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    ramp = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes([inputs, outputs, grid, 0]) + identity
    return head + ramp * inputs + table + ramp * outputs


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _icc(model: bytes, pcs: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    text = b"made by the tests"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * 79,
        b"wtpt": _xyz(D50),
        **tags,
    }
    directory, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        directory += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, 132 + 12 * len(tags) + len(body), b"", 0x02400000,
                     kind, model, pcs)  # fmt: skip
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, *(round(value * 65536) for value in D50))
    return bytes(head) + directory + body


def write_jpeg(path: Path, pixels: np.ndarray, **options: object) -> None:
    """A JPEG with EXIF, XMP, IPTC and resolution, quality 88, 4:2:0."""
    options = {"exif": exif(), "xmp": XMP, "dpi": (240, 240), "quality": 88, **options}
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    data = buffer.getvalue()
    block = b"Photoshop 3.0\0" + RESOURCES
    segment = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    end = 2 + 2 + struct.unpack_from(">H", data, 4)[0]
    path.write_bytes(data[:end] + segment + data[end:])


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def avif_with_items(count: int) -> bytes:
    """No picture, but a list of so many."""
    items = _box(b"iinf", bytes(4) + struct.pack(">H", count) + _box(b"infe", b"") * count)
    return _box(b"ftyp", b"avif\0\0\0\0avif") + _box(b"meta", bytes(4) + items)


def write_deep_tiff(path: Path, codes: np.ndarray, **options: object) -> None:
    """A 16-bit TIFF as Lightroom writes it: LZW with a predictor."""
    settings = {"photometric": "rgb", "compression": "lzw", "predictor": True, **options}
    tifffile.imwrite(path, codes, metadata=None, **settings)


def save(
    target: Path, pixels: np.ndarray, like: Photo, *, kind: str | None = None, **how: Any
) -> list[str]:
    """Pixels as a file like the photograph they come from, whole or not at all, as runs do it."""
    data, warnings = encode_photo(pixels, like, kind=kind or kind_of(target, None, like), **how)
    write_atomically(target, data)
    return warnings
