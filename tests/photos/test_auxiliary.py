"""What else a file holds beside the photograph is told from it, and not lost unnoticed."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from brushctl.errors import PhotoError
from brushctl.photos.photo import decode_photo, open_photo
from tests.photos import makers
from tests.photos.heif_makers import box, gain_mapped, picture_part, write_heif

MASKS = "masks (channels besides colour and transparency)"
ONE_MASK, ALPHA_AND_MASK = ("unspecified",), ("unassalpha", "unspecified")
ALPHA_AMONG_MASKS = ("unspecified", "unassalpha", "unspecified")


@pytest.mark.parametrize(
    ("bits", "colours", "kinds", "planar"),
    [
        (8, 1, ONE_MASK, "contig"),
        (8, 3, ONE_MASK, "contig"),
        (8, 3, ALPHA_AND_MASK, "contig"),
        *(
            (16, colours, kinds, planar)
            for colours, planar in ((1, "contig"), (3, "contig"), (3, "separate"))
            for kinds in (ONE_MASK, ALPHA_AND_MASK, ALPHA_AMONG_MASKS)
        ),
    ],
)
def test_a_mask_saved_in_a_tiff_is_no_transparency(tmp_path, bits, colours, kinds, planar):
    deep = makers.deep_picture(channels=colours + len(kinds))
    codes = deep if bits == 16 else (deep >> 8).astype(np.uint8)
    stored = codes if planar == "contig" else np.moveaxis(codes, -1, 0)
    model = "rgb" if colours == 3 else "minisblack"
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, stored, photometric=model, planarconfig=planar, extrasamples=kinds)
    photo = open_photo(source)
    assert photo.auxiliary == (MASKS,)
    assert makers.save(target, photo.pixels, photo) == [f"left out of its result: {MASKS}"]
    kept = [*range(colours)]
    if "unassalpha" in kinds:
        kept.append(colours + kinds.index("unassalpha"))
    with tifffile.TiffFile(target) as file:
        assert len(file.pages[0].extrasamples) == len(kept) - colours
        written, expected = file.asarray().reshape(64, 96, -1), codes[..., kept]
    seen = written[..., -1] > 0 if "unassalpha" in kinds else np.ones((64, 96), bool)
    np.testing.assert_array_equal(written[seen], expected[seen])


def test_a_tiff_of_more_channels_than_can_be_read_is_refused_by_name(tmp_path):
    source = tmp_path / "in.tif"
    codes = makers.deep_picture(channels=8)
    tifffile.imwrite(source, codes, photometric="rgb", extrasamples=["unspecified"] * 5)
    with pytest.raises(PhotoError, match="5 channels besides its colours"):
        open_photo(source)


LAYERS = b"Adobe Photoshop Document Data Block\0MIB8ryaL" + bytes(4)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_with_layers_says_so(tmp_path, bits):
    codes = makers.picture() if bits == 8 else makers.deep_picture()
    layers = (37724, 7, len(LAYERS), LAYERS, True)
    tifffile.imwrite(tmp_path / "in.tif", codes, photometric="rgb", extratags=[layers])
    tifffile.imwrite(tmp_path / "flat.tif", codes, photometric="rgb")
    assert open_photo(tmp_path / "in.tif").auxiliary == ("layers",)
    assert open_photo(tmp_path / "flat.tif").auxiliary == ()


FILM = struct.pack(">I4s4s", 16, b"ftyp", b"mp42") + bytes(4) + struct.pack(">I4s", 100, b"mdat")
SAMSUNG = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data"


@pytest.mark.parametrize("before", [b"", SAMSUNG], ids=["Google", "Samsung"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_a_film_behind_it_says_so(tmp_path, before, progressive):
    source = tmp_path / "in.jpg"
    # A film's name inside the photograph, as in a maker note, is none behind it.
    makers.write_jpeg(source, makers.picture(), comment=FILM, progressive=progressive)
    photograph = source.read_bytes()
    assert open_photo(source).auxiliary == ()
    source.write_bytes(photograph + before)
    assert open_photo(source).auxiliary == ()
    source.write_bytes(photograph + before + FILM + bytes(92))
    assert open_photo(source).auxiliary == ("a film",)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_a_heic_with_a_film_in_it_says_so(tmp_path, suffix):
    source = tmp_path / f"in.{suffix}"
    Image.fromarray(makers.picture()).save(source)
    assert open_photo(source).auxiliary == ()
    film = FILM + bytes(92)
    source.write_bytes(source.read_bytes() + struct.pack(">I4s", 8 + len(film), b"mpvd") + film)
    assert open_photo(source).auxiliary == ("a film",)


def samsung(*entries: tuple[bytes, bytes]) -> bytes:
    """A phone's trailer: data by names, and behind them a list of them (as ExifTool reads it)."""
    blocks = [struct.pack("<HHI", 0, 1, len(name)) + name + data for name, data in entries]
    listed, back = b"", sum(map(len, blocks))
    for block in blocks:
        listed += struct.pack("<HHII", 0, 1, back, len(block))
        back -= len(block)
    head = b"SEFH" + struct.pack("<II", 107, len(blocks)) + listed
    return b"".join(blocks) + head + struct.pack("<I", len(head)) + b"SEFT"


def encoded(width: int = 96, height: int = 64) -> bytes:
    """A small JPEG."""
    stream = io.BytesIO()
    Image.fromarray(makers.picture(width, height, seed=1)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


SOUND = (b"SoundShot_Meta_Info", b"RIFF....WAVE" + bytes(20_000))
DEPTH = (b"DualShot_DepthMap_1", encoded(400, 300))
TIME = (b"Image_UTC_Data", b"1714989789000")


@pytest.mark.parametrize(
    ("behind", "held"),
    [
        (samsung(TIME), ()),
        (bytes(70_000), ()),
        (samsung(TIME, SOUND), ("data behind its end",)),
        (samsung(DEPTH), ("data behind its end",)),
        (encoded(400, 300), ("data behind its end",)),
        (encoded(8, 8), ("data behind its end",)),
        (samsung((b"MotionPhoto_Data", FILM + bytes(92))), ("a film",)),
    ],
    ids=["time", "padding", "sound", "depth", "Google's depth", "a small gain map", "film"],
)
@pytest.mark.parametrize("end", [True, False])
def test_what_lies_behind_a_jpeg_is_told_from_it(behind, held, end):
    photo = decode_photo(encoded()[: None if end else -2] + behind, "in.jpg")
    assert photo.auxiliary == held
    assert photo.warnings == (() if end else ("its end marker is missing",))
    np.testing.assert_array_equal(photo.pixels, decode_photo(encoded(), "").pixels)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lacking", [3, 10, 300])
def test_a_jpeg_that_lacks_more_than_its_end_marker_is_damaged(lacking, progressive):
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).save(stream, "JPEG", progressive=progressive)
    with pytest.raises(PhotoError, match="image file is truncated"):
        decode_photo(stream.getvalue()[:-lacking], "in.jpg")


def test_measurements_in_segments_of_a_jpeg_are_told_from_it():
    """A thermal camera's, whose results would show heat no more."""
    part = b"FLIR\0\1" + bytes(60_000)
    segment = b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    whole = encoded()
    assert decode_photo(whole[:2] + segment + whole[2:], "in.jpg").auxiliary == ()
    held = decode_photo(whole[:2] + segment * 2 + whole[2:], "in.jpg").auxiliary
    assert held == ("measurements",)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_a_gain_map_in_a_heic_or_avif_is_told_from_it(suffix):
    photo = decode_photo(gain_mapped(suffix), f"in.{suffix}")
    assert photo.auxiliary == ("a gain map",)
    assert photo.size == (96, 64)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_two_pictures_in_a_heic_or_avif_are_refused_unless_the_first_is_asked_for(suffix):
    data = write_heif(suffix, [picture_part(suffix, makers.picture(seed=n)) for n in (0, 1)])
    with pytest.raises(PhotoError, match=r"holds 2 pictures.*--first-frame"):
        decode_photo(data, f"in.{suffix}")
    photo = decode_photo(data, f"in.{suffix}", first_frame=True)
    assert photo.auxiliary == ("other pictures",)
    assert np.abs(photo.pixels - makers.picture() / 255).mean() < 0.02


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_clean_aperture_is_applied_before_the_picture_is_turned(suffix, turned):
    """ISO/IEC 14496-12, 12.1.4: width, height, and the offset of the middle, each a fraction."""
    crop = box(b"clap", struct.pack(">IIIIiIiI", 40, 1, 20, 1, -10, 1, 4, 1))
    quarter = [box(b"irot", b"\3")] if turned else []
    data = write_heif(suffix, [picture_part(suffix, makers.picture(), crop, *quarter)])
    shown = makers.picture()[64 // 2 + 4 - 10 :][:20, 96 // 2 - 10 - 20 :][:, :40]
    photo = decode_photo(data, f"in.{suffix}")
    assert photo.size == ((20, 40) if turned else (40, 20))
    expected = np.rot90(shown, 3) if turned else shown
    assert np.abs(photo.pixels - expected / 255).mean() < 0.02


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("kind", ["preview", "transparency", "depth map", "matte"])
def test_pictures_that_belong_to_a_heics_main_one(suffix, kind):
    urn = {
        "transparency": b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
        "depth map": b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth",
        "matte": b"urn:com:apple:photo:2018:aux:portraiteffectsmatte",
    }.get(kind)
    more = [box(b"auxC", bytes(4) + urn + b"\0")] if urn else []
    parts = [picture_part(suffix, makers.picture(seed=n), *more[:n]) for n in (0, 1)]
    data = write_heif(suffix, parts, {(b"auxl" if urn else b"thmb", 2): (1,)})
    held = {"depth map": ("a depth map",), "matte": ("mattes",)}.get(kind, ())
    assert decode_photo(data, f"in.{suffix}").auxiliary == held
