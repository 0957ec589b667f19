"""Metadata blocks are patched, not rewritten, and no block of bytes can stop a photograph."""

import re
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brushctl.photos.icc import BrokenProfile, from_profile
from brushctl.photos.metadata.blocks import Metadata, Provenance, stripped, upright
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.extended_xmp import EXTENDED_XMP
from brushctl.photos.metadata.iptc import iptc_resource
from brushctl.photos.metadata.provenance import (
    edited_with,
    takes_provenance,
    with_provenance,
)
from brushctl.photos.photo import open_photo
from tests.photos import makers

PROVENANCE = Provenance('"dusk" & <dawn>', "0" * 64, "brushctl 0.1.0")


def damaged(whole: bytes):
    """Bytes like `whole`, cut and with a few changed."""
    change = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))
    cut = st.integers(0, len(whole))

    def damage(cut: int, changes: list[tuple[int, int]]) -> bytes:
        data = bytearray(whole)
        for at, value in changes:
            data[at] = value
        return bytes(data[:cut])

    return st.builds(damage, cut, st.lists(change, max_size=6)) | st.binary(max_size=200)


@given(damaged(makers.exif(6).tobytes().removeprefix(b"Exif\0\0")), st.integers(1, 8))
def test_any_exif_block_keeps_its_length(exif, orientation):
    assert len(Exif(exif).upright(orientation, (96, 64)).block) == len(exif)


@given(damaged(makers.RESOURCES + iptc_resource(b"odd") + makers.RESOURCES))
def test_any_resources_can_be_read(resources):
    upright(Metadata(resources=resources), orientation=1, size=(96, 64))


@given(damaged(makers.XMP))
def test_provenance_is_found_in_any_packet_that_takes_it(xmp):
    if not takes_provenance(Metadata(xmp=xmp)):
        return
    packet = with_provenance(Metadata(xmp=xmp), PROVENANCE).xmp or b""
    assert packet.count(b"brushctl:brushSha256") == 1
    assert edited_with(Metadata(xmp=packet)) == PROVENANCE.brush
    again = with_provenance(Metadata(xmp=packet), PROVENANCE).xmp or b""
    assert again == packet


def test_the_brush_is_found_as_another_program_has_written_its_name_anew():
    packet = (
        b"<rdf:Description xmlns:ns1='urn:brushctl:provenance#'>"
        b"<ns1:brushSha256>ab</ns1:brushSha256><ns1:brush>night &amp; day</ns1:brush>"
        b"</rdf:Description>"
    )
    assert edited_with(Metadata(xmp=packet)) == "night & day"
    assert edited_with(Metadata(xmp=makers.XMP)) is None
    assert edited_with(Metadata()) is None


def parametric(*values: float) -> bytes:
    """A profile whose curves are formulas (ICC.1:2022, 10.18)."""
    kind = {1: 0, 3: 1, 4: 2, 5: 3, 7: 4}[len(values)]
    numbers = struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
    curve = b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + numbers
    return makers.matrix_profile(makers.DISPLAY_P3, curve)


SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


@pytest.mark.parametrize("values", [(-2.2,), (-2.4, *SRGB_CURVE[1:]), (30_000.0, 2.0, 0.0)])
def test_a_curve_that_falls_or_has_no_end_is_a_broken_profile(values):
    with pytest.raises(BrokenProfile, match="a curve that falls or has no end"):
        from_profile(parametric(*values), 3)


@settings(max_examples=300, deadline=None)  # the first one compiles
@given(
    damaged(makers.profile(makers.DISPLAY_P3, 2.2))
    | damaged(parametric(*SRGB_CURVE))
    | damaged(parametric(2.2))
)
def test_any_profile_works_or_is_broken(icc):
    try:
        space = from_profile(icc, 3)
    except BrokenProfile:
        return
    for codes in (makers.picture(8, 8), makers.deep_picture(8, 8), np.zeros((8, 8, 3), np.uint8)):
        pixels = space.to_srgb(codes)
        assert np.isfinite(pixels).all()
        assert space.from_srgb(pixels, 8).shape == codes.shape


def test_previews_in_image_resources_are_dropped():
    preview = b"8BIM\x04\x0c\0\0" + struct.pack(">I", 5) + b"jpeg!\0"
    metadata = Metadata(resources=makers.RESOURCES + preview + makers.RESOURCES)
    assert upright(metadata, orientation=1, size=(96, 64)).resources == makers.RESOURCES * 2


def test_padding_makes_room_for_provenance():
    padded = makers.XMP + b" " * 60_000 + b'<?xpacket end="w"?>'
    read = upright(Metadata(xmp=padded), orientation=1, size=(96, 64))  # in no time, too
    packet = with_provenance(read, PROVENANCE).xmp or b""
    assert len(packet) < 2000


def test_exif_behind_a_marker_with_another_fill_byte_is_read(tmp_path):
    """As some cameras write, and ExifTool reads; it comes back behind the standard's (4.7.2)."""
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), exif=makers.exif(6))
    data = (tmp_path / "in.jpg").read_bytes()
    standard = open_photo(tmp_path / "in.jpg")
    (tmp_path / "in.jpg").write_bytes(data.replace(b"Exif\0\0", b"Exif\0\xff", 1))
    photo = open_photo(tmp_path / "in.jpg")
    assert photo.size == (64, 96)
    assert photo.metadata.exif == standard.metadata.exif
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    assert b"Exif\0\0" in (tmp_path / "out.jpg").read_bytes()


def test_xmp_of_a_webp_by_imagemagick_comes_back_in_the_standard_s_chunk(tmp_path):
    """It names the chunk with a NUL for a space, so that other programs pass over it."""
    source, target = tmp_path / "in.webp", tmp_path / "out.webp"
    Image.fromarray(makers.picture()).save(source, xmp=makers.XMP)
    source.write_bytes(source.read_bytes().replace(b"XMP ", b"XMP\0", 1))
    photo = open_photo(source)
    assert photo.metadata.xmp == makers.XMP
    makers.save(target, photo.pixels, photo)
    with Image.open(target) as image:
        assert image.info["xmp"] == makers.XMP


def test_extended_xmp_comes_back(tmp_path):
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture())
    data = (tmp_path / "in.jpg").read_bytes()
    block = EXTENDED_XMP + b"A" * 32 + struct.pack(">II", 4, 0) + b"<x/>"
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    (tmp_path / "in.jpg").write_bytes(data[:2] + segment + data[2:])
    photo = open_photo(tmp_path / "in.jpg")
    makers.save(tmp_path / "out.jpg", photo.pixels, photo)
    assert segment in (tmp_path / "out.jpg").read_bytes()
    with Image.open(tmp_path / "out.jpg") as image:
        assert np.asarray(image).shape == (64, 96, 3)


def test_a_jpeg_s_comment_comes_back_byte_for_byte_unless_it_is_to_be_stripped(tmp_path):
    makers.write_jpeg(tmp_path / "in.jpg", makers.picture(), comment=b"by Anna \xe6\xb8\xaf \xff")
    photo = open_photo(tmp_path / "in.jpg")
    for name, kept in (("kept.jpg", photo), ("bare.jpg", stripped_of(photo))):
        makers.save(tmp_path / name, photo.pixels, kept)
    with Image.open(tmp_path / "kept.jpg") as image:
        assert image.info["comment"] == b"by Anna \xe6\xb8\xaf \xff"
    with Image.open(tmp_path / "bare.jpg") as image:
        assert "comment" not in image.info


def stripped_of(photo):
    """The photograph as --strip leaves it."""
    return replace(photo, metadata=stripped(photo.metadata))


@pytest.mark.parametrize("link", [None, 99999])
def test_a_block_whose_link_leads_nowhere_says_upright_all_the_same(link):
    exif = bytearray(makers.exif(6).tobytes().removeprefix(b"Exif\0\0"))
    order = {b"II": "<", b"MM": ">"}[bytes(exif[:2])]
    (count,) = struct.unpack_from(order + "H", exif, 8)
    if link:
        struct.pack_into(order + "I", exif, 10 + 12 * count, link)
    else:  # a directory at the very end, its link left out
        directory = exif[8 : 10 + 12 * count]
        struct.pack_into(order + "I", exif, 4, len(exif))
        exif += directory
    turned = Exif(bytes(exif)).upright(6, (96, 64)).block
    assert turned
    read = Image.Exif()
    read.load(turned)
    assert read[274] == 1


def test_of_a_description_that_says_more_only_the_old_provenance_goes():
    """Other programs merge all descriptions into one, as attributes or as elements."""
    told = with_provenance(Metadata(xmp=makers.XMP), PROVENANCE).xmp or b""
    attributes = re.search(rb"xmlns:brushctl=[^>]*(?=/>)", told)
    assert attributes
    merged = told.replace(attributes[0], b"").replace(
        b'xmp:Rating="5"', b'xmp:Rating="5" ' + attributes[0]
    )
    elements = (
        b'<rdf:Description rdf:about="" xmlns:b="urn:brushctl:provenance#" xmlns:dc="d">'
        b"<b:brush>old</b:brush><dc:title>Harbour</dc:title>"
        b'<Iptc4xmpExt:DigitalSourceType rdf:resource="old"/></rdf:Description>'
    )
    merged = merged.replace(b"</rdf:RDF>", elements + b"</rdf:RDF>")
    again = with_provenance(Metadata(xmp=merged), PROVENANCE).xmp or b""
    assert again.count(b"urn:brushctl:provenance#") == again.count(b"DigitalSourceType") == 1
    for kept in (b'xmp:Rating="5"', b"<dc:title>Harbour</dc:title>"):
        assert again.count(kept) == 1
    assert b"old" not in again


def test_xmp_promises_nothing_that_a_result_does_not_have():
    """The film of a motion photo, its gain map, and Photoshop's preview, in both of XMP's forms."""
    gone = (
        b'GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="5000" hdrgm:Version="1.0"',
        b"<Camera:MotionPhoto>1</Camera:MotionPhoto>",
        b"<Container:Directory><rdf:Seq><rdf:li><Container:Item Item:Mime='video/mp4'/></rdf:li>"
        b"</rdf:Seq></Container:Directory>",
        b"<xmp:Thumbnails><rdf:Alt><rdf:li><xmpGImg:image>/9j/</xmpGImg:image></rdf:li></rdf:Alt>"
        b"</xmp:Thumbnails>",
    )
    kept = b"<dc:title>Stra\xc3\x9fe \xff</dc:title>"
    attributes, *elements = gone
    described = b'xmp:Rating="5" ' + attributes + b">" + kept.join([b"", *elements, b""])
    xmp = makers.XMP.replace(b'xmp:Rating="5"/>', described + b"</rdf:Description>")
    told = upright(Metadata(xmp=xmp), orientation=1, size=(96, 64)).xmp or b""
    assert told.count(kept) == 4
    assert b'xmp:Rating="5"' in told
    for word in (b"MotionPhoto", b"MicroVideo", b"hdrgm", b"Container:", b"Thumbnails", b"/9j/"):
        assert word in xmp
        assert word not in told
