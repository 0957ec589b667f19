"""XMP is edited by cuts: every other byte stays, and no packet takes longer than it is long."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brushctl.photos.limits import XMP_DEPTH
from brushctl.photos.metadata.blocks import Metadata, Provenance, upright, within_limits
from brushctl.photos.metadata.extended_xmp import EXTENDED_XMP
from brushctl.photos.metadata.provenance import (
    takes_provenance,
    with_extended_xmp,
    with_provenance,
    with_whole_xmp,
)
from brushctl.photos.metadata.xmp import UneditableError, descriptions, tags, without
from tests.photos import makers
from tests.photos.growth import grows_linearly

PROVENANCE = Provenance("dusk", "0" * 64, "tests")
GUID = b"A" * 32

NAMES = st.sampled_from(["a", "dc:title", "gone", "x.y:z-1"])
SPACES = st.sampled_from([" ", "\n\t ", "   "])
TEXTS = st.sampled_from(
    ["", "text", "a > b", "&lt;", "<!-- <gone> -->", "<![CDATA[<a>]]>", "<?p <?>"]
)


@st.composite
def attributes(draw: st.DrawFn) -> str:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    quoted = [(name, draw(SPACES), draw(st.sampled_from(['"', "'"]))) for name in names]
    return "".join(f"{space}{name} ={space}{quote}v>{quote}" for name, space, quote in quoted)


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    said = st.lists(inner | TEXTS, max_size=3).map("".join)
    whole = st.builds("<{0}{1}{3}>{2}</{0}{3}>".format, NAMES, attributes(), said, st.just(" "))
    return whole | st.builds("<{}{}/>".format, NAMES, attributes())


ELEMENTS = st.recursive(st.builds("<{}/>".format, NAMES), element, max_leaves=20)


@given(ELEMENTS)
def test_what_goes_is_gone_and_the_rest_is_as_an_xml_parser_reads_it(element: str) -> None:
    packet = f'<r xmlns:dc="d" xmlns:x.y="x">{element}</r>'
    assert without(packet.encode(), lambda _: False) == packet.encode()
    left = without(packet.encode(), lambda name: name == b"gone")
    wanted = ElementTree.fromstring(packet)
    for parent in list(wanted.iter()):
        parent.attrib.pop("gone", None)
        for number, child in reversed(list(enumerate(parent))):
            if child.tag == "gone":
                _give_text(parent, number, child.tail or "")
                parent.remove(child)
    assert ElementTree.tostring(ElementTree.fromstring(left)) == ElementTree.tostring(wanted)


def _give_text(parent: ElementTree.Element, number: int, text: str) -> None:
    if number:
        parent[number - 1].tail = (parent[number - 1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


@given(st.binary(max_size=60) | st.text("<>/=!?\"' ab-[]", max_size=60).map(str.encode))
def test_any_bytes_are_a_packet_that_can_be_edited_or_that_cannot(packet: bytes) -> None:
    try:
        ends = [0, *(place for tag in tags(packet) for place in (tag.start, tag.end))]
        assert ends == sorted(ends)
        assert without(packet, lambda _: False) == packet
    except UneditableError:
        pass


@pytest.mark.parametrize(
    "rest", ["<a>", "</a>", "<a", "<a b>", "<a b=c/>", "<!-- ", "<!DOCTYPE a>", "<a b='>"]
)
def test_a_damaged_packet_is_kept_but_for_the_way_the_camera_was_held(rest: str) -> None:
    xmp = makers.XMP.replace(b"<rdf:Desc", rest.encode() + b"<rdf:Desc")
    kept, warnings = within_limits(Metadata(xmp=xmp))
    assert len(warnings) == 1
    assert "is kept, and not brought up to date" in warnings[0]
    assert not takes_provenance(kept)
    straight = xmp.replace(b'Orientation="6"', b'Orientation="1"')
    assert upright(kept, orientation=6, size=(96, 64)).xmp == straight


def test_what_xmp_says_of_the_way_the_camera_was_held_stays_where_nothing_was_turned() -> None:
    """ImageMagick, for one, goes by it where there is no EXIF: it shows both alike."""
    assert upright(Metadata(xmp=makers.XMP), orientation=1, size=(96, 64)).xmp == makers.XMP


NESTED = b"<xmp:Thumbnails>" * 50 + b"</xmp:Thumbnails>" * 50
HARD = {
    "spaces": lambda n: b" " * n,
    "letters": lambda n: b"w" * n,
    "previews that do not end": lambda n: b"<xmp:Thumbnails>" * (n // 16),
    "previews within each other": lambda n: NESTED * (n // 1650),
    "attributes that do not end": lambda n: b" hdrgm:a='" * (n // 10),
    "attributes": lambda n: b"<a" + b' b=""' * (n // 5) + b"/>",
    "attributes that go": lambda n: b"<a" + b' hdrgm:b=""' * (n // 11) + b"/>",
    "a long name": lambda n: b"<" + b"w" * n + b">",
    "elements": lambda n: b"<a/>" * (n // 4),
    "comments that do not end": lambda n: b"<!--" * (n // 4),
    "wrappers that do not end": lambda n: b"<?xpacket" * (n // 9),
    "beginnings of all": lambda n: b"<rdf:RDF xmlns:rdf=''>" * (n // 22),
    "empty descriptions": lambda n: b'<rdf:Description rdf:about=""/>' * (n // 31),
    "our namespace again and again": lambda n: b"".join(
        b'<a xmlns:p%d="urn:brushctl:provenance#" p%d:brush=""/>' % (k, k) for k in range(n // 50)
    ),
}  # fmt: skip


def all_edits(metadata: Metadata) -> None:
    """Everything that becomes of a packet on its way from file to file."""
    kept, _ = within_limits(metadata)
    straight = upright(kept, orientation=6, size=(96, 64))
    if takes_provenance(straight):
        with_extended_xmp(with_provenance(straight, PROVENANCE))
    segment = EXTENDED_XMP + GUID + bytes(8) + (metadata.xmp or b"")
    with_whole_xmp(replace(straight, extended_xmp=(segment,)))


@pytest.mark.parametrize("kind", HARD)
def test_editing_a_packet_takes_as_long_as_it_is_long(kind: str) -> None:
    def packet(size: int) -> Metadata:
        note = makers.XMP.replace(b'Rating="5"', b'HasExtendedXMP="' + GUID + b'"')
        return Metadata(xmp=note.replace(b"</rdf:RDF>", HARD[kind](size) + b"</rdf:RDF>"))

    assert grows_linearly(all_edits, packet, 8_000)


def test_a_packet_of_too_many_tags_or_too_deep_ones_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("brushctl.photos.metadata.xmp.XMP_TAGS", 1000)
    for inner in (b"<a/>" * 1000, b"<a" + b" b=''" * 1000 + b"/>", b"<a>" * XMP_DEPTH):
        xmp = makers.XMP.replace(b"</rdf:RDF>", inner + b"</rdf:RDF>")
        kept, warnings = within_limits(Metadata(xmp=xmp))
        assert kept.xmp == xmp
        assert warnings
        assert "1,000 tags" in warnings[0] or f"{XMP_DEPTH} deep" in warnings[0]


def test_the_longer_a_packet_goes_on_in_segments_the_longer_it_takes() -> None:
    note = makers.XMP.replace(
        b'Rating="5"', b'HasExtendedXMP="' + GUID + b'" ' + b"a='" + b"b" * 50_000 + b"'"
    )

    def segments(count: int) -> Metadata:
        heads = (EXTENDED_XMP + other + bytes(8) for other in (GUID, b"B" * 32))
        ours, others = heads
        return Metadata(xmp=note, extended_xmp=(ours + makers.XMP, *(others + b"<x/>",) * count))

    assert grows_linearly(with_whole_xmp, segments, 20_000)
    assert with_whole_xmp(segments(5)).xmp.count(b"<rdf:Description") == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("head", "said"),
    [(b'<rdf:RDF xmlns:rdf="r">', b"<a><b/></a>"), (b'<rdf:RDF xmlns:rdf="r" xmlns:a="a">', b"")],
)
def test_what_a_packet_says_is_what_stands_in_its_rdf(head: bytes, said: bytes) -> None:
    packet = b"<x:xmpmeta>" + head + b"<a><b/></a></rdf:RDF><rdf:RDF></rdf:RDF></x:xmpmeta>"
    assert descriptions(packet) == said
