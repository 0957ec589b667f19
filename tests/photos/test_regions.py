"""Places that metadata names turn with the picture, in every form that programs write them in."""

import hashlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brushctl.photos.metadata.blocks import Metadata
from brushctl.photos.metadata.exif import MARKER, Exif
from brushctl.photos.metadata.extended_xmp import guid_of, joined, parts_of
from brushctl.photos.metadata.regions import turned_packet, turned_point
from brushctl.photos.photo import decode_photo, open_photo
from tests.photos import makers
from tests.photos.heif_makers import Part, box, picture_part, write_heif
from tests.photos.test_photo import rotate

SIZE = WIDTH, HEIGHT = 96, 64
PLACES = {
    "elements": """<mwg-rs:Regions rdf:parseType='Resource'>
     <mwg-rs:AppliedToDimensions rdf:parseType='Resource'><stDim:h>{h}</stDim:h>
     <stDim:unit>pixel</stDim:unit><stDim:w>{w}</stDim:w></mwg-rs:AppliedToDimensions>
     <mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType='Resource'>
     <mwg-rs:Area rdf:parseType='Resource'><stArea:x>{x}</stArea:x><stArea:y>{y}</stArea:y>
     <stArea:w>0.25</stArea:w><stArea:h>0.125</stArea:h></mwg-rs:Area>
     <mwg-rs:Name>Anna</mwg-rs:Name></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>""",
    "attributes": """<mwg-rs:Regions><rdf:Description>
     <mwg-rs:AppliedToDimensions stDim:w="{w}" stDim:h="{h}" stDim:unit="pixel"/>
     <mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Anna">
     <mwg-rs:Area stArea:y="{y}" stArea:x="{x}" stArea:w="0.25" stArea:h="0.125"/>
     </rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></rdf:Description></mwg-rs:Regions>""",
}


def packet(said: str) -> bytes:
    names = ("mwg-rs", "stArea", "stDim", "MPReg", "Iptc4xmpExt", "exif", "tiff")
    spaces = " ".join(f'xmlns:{name}="urn:{name}"' for name in names)
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="urn:rdf">'
        f"<rdf:Description {spaces}>"
        f"{said}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def value(xmp: bytes, name: str) -> float:
    found = re.search(rf"""{name}(?:="|>)([^"<]+)""".encode(), xmp)
    assert found
    return float(found[1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_point_turns_as_the_picture_does(orientation):
    """Message from pixels: EXIF's orientations are written out where pictures are tested."""
    pixels = np.zeros((HEIGHT, WIDTH, 1))
    pixels[20, 10] = 1
    (row,), (column,) = np.nonzero(rotate(pixels, orientation)[..., 0])
    x, y = turned_point(orientation, (21, 41), (2 * WIDTH, 2 * HEIGHT))  # in halves of pixels
    assert (x, y) == (2 * column + 1, 2 * row + 1)


@pytest.mark.parametrize("form", PLACES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_turns_as_the_picture_does(form, orientation):
    said = PLACES[form].format(x=0.6875, y=0.28125, w=WIDTH, h=HEIGHT)
    xmp = turned_packet(packet(said), orientation, SIZE)
    x, y = turned_point(orientation, (0.6875, 0.28125), (1.0, 1.0))
    assert (value(xmp, "stArea:x"), value(xmp, "stArea:y")) == (x, y)
    swapped = orientation >= 5
    assert (value(xmp, "stArea:w"), value(xmp, "stArea:h")) == (0.25, 0.125)[
        :: -1 if swapped else 1
    ]
    assert (value(xmp, "stDim:w"), value(xmp, "stDim:h")) == (SIZE[::-1] if swapped else SIZE)
    if orientation == 1:
        assert xmp == packet(said)


def test_regions_in_a_jpeg_s_further_segments_turn_too(tmp_path):
    """A face in what goes on behind a packet of 64 KB, whose GUID is the MD5 of it (XMP part 3)."""
    said = PLACES["attributes"].format(x=0.6875, y=0.28125, w=WIDTH, h=HEIGHT)
    second = packet(said + f"<exif:Note>{'n' * 70_000}</exif:Note>")
    note = f'<exif:S xmpNote:HasExtendedXMP="{guid_of(second).decode()}"/>'
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture())
    photo = open_photo(tmp_path / "in.jpg")
    exif = Exif(makers.exif(6).tobytes().removeprefix(MARKER))
    stored = Metadata(exif=exif, xmp=packet(note), extended_xmp=parts_of(second))
    makers.save(tmp_path / "turned.jpg", photo.pixels, replace(photo, metadata=stored))
    read = open_photo(tmp_path / "turned.jpg").metadata
    turned = joined(read.xmp or b"", read.extended_xmp)
    assert (value(turned, "stArea:x"), value(turned, "stArea:y")) == (0.71875, 0.6875)
    assert (value(turned, "stDim:w"), value(turned, "stDim:h")) == SIZE[::-1]
    assert b'HasExtendedXMP="' + hashlib.md5(turned).hexdigest().upper().encode() in read.xmp
    assert len(read.extended_xmp) == 2
    assert re.sub(rb'st(Area|Dim):\w="[^"]+"', b"", turned) == re.sub(
        rb'st(Area|Dim):\w="[^"]+"', b"", second
    )


@pytest.mark.parametrize("form", PLACES)
def test_a_region_of_the_upright_picture_stays(form):
    """As its AppliedToDimensions says."""
    xmp = packet(PLACES[form].format(x=0.6875, y=0.28125, w=HEIGHT, h=WIDTH))
    assert turned_packet(xmp, 6, SIZE) == xmp


def test_rectangles_of_other_schemas_turn_by_their_corners():
    said = (
        '<rdf:li MPReg:Rectangle="0.5, 0.25, 0.25, 0.125"/>'
        '<Iptc4xmpExt:RegionBoundary Iptc4xmpExt:rbUnit="pixel" Iptc4xmpExt:rbX="48"'
        ' Iptc4xmpExt:rbY="16" Iptc4xmpExt:rbW="24" Iptc4xmpExt:rbH="8"/>'
    )
    xmp = turned_packet(packet(said), 6, SIZE)
    assert b'MPReg:Rectangle="0.625, 0.5, 0.125, 0.25"' in xmp
    corner = [value(xmp, f"rb{name}") for name in "XYWH"]
    assert corner == [HEIGHT - 16 - 8, 48, 8, 24]


def test_sizes_in_xmp_change_places_where_the_picture_was_turned_on_its_side():
    said = "".join(
        f"<exif:Pixel{axis}Dimension>{size}</exif:Pixel{axis}Dimension>"
        for axis, size in zip("XY", SIZE, strict=True)
    )
    for orientation, expected in ((6, (64, 96)), (3, (96, 64))):
        xmp = turned_packet(packet(said), orientation, SIZE)
        names = ("exif:PixelXDimension", "exif:PixelYDimension")
        assert tuple(value(xmp, name) for name in names) == expected


@pytest.mark.parametrize("area", [(66, 18), (66, 18, 10), (66, 18, 24, 8)])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_subjects_in_exif_turn_as_the_picture_does(area, orientation):
    exif = makers.exif(orientation)
    inner = dict(exif.get_ifd(0x8769)) | {0x9214: area, 0xA214: (66, 18)}
    exif[0x8769] = inner
    stream = io.BytesIO()
    Image.fromarray(makers.picture()).save(stream, "JPEG", exif=exif)
    metadata = decode_photo(stream.getvalue(), "").metadata
    point = turned_point(orientation, (66, 18), SIZE)
    extents = area[2:][::-1] if orientation >= 5 else area[2:]
    assert metadata.exif.capture.numbers(0x9214) == (*point, *extents)
    assert metadata.exif.capture.numbers(0xA214) == point


@given(st.binary(max_size=60), st.integers(1, 8))
def test_a_region_that_is_no_number_stays_what_it_is(text, orientation):
    said = PLACES["attributes"].format(x="{x}", y=0.5, w=1, h=1).encode()
    xmp = said.replace(b"{x}", re.sub(rb"[<\"]", b"", text))
    turned_packet(xmp, orientation, SIZE)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_size_in_exif_is_swapped_only_where_pixels_are_turned(suffix, turned):
    """A HEIF's own properties say how it is turned; what EXIF says does not count there."""
    exif = Part(b"Exif", b"\0\0\0\x06" + makers.exif(6).tobytes())
    quarter = [box(b"irot", b"\3")] if turned else []
    parts = [picture_part(suffix, makers.picture(), *quarter), exif]
    photo = decode_photo(write_heif(suffix, parts, {(b"cdsc", 2): (1,)}), f"in.{suffix}")
    assert photo.size == ((64, 96) if turned else (96, 64))
    capture = photo.metadata.exif.capture
    assert (capture.number(0xA002, 0), capture.number(0xA003, 0)) == photo.size
    assert photo.metadata.exif.orientation == 1
