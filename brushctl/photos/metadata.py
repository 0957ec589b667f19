"""What a photograph carries beside its pixels, and what an edit must change in it.

Blocks are patched in place, never decoded and rewritten: maker notes and private fields come back
byte for byte. Sources: Exif 3.0 (CIPA DC-008), XMP part 1 (ISO 16684-1), Photoshop's image
resources, IPTC's digital source type vocabulary.
"""

import contextlib
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

ORIENTATION, THUMBNAIL_START, THUMBNAIL_SIZE = 0x0112, 0x0201, 0x0202
EXIF_IFD, PIXEL_X, PIXEL_Y = 0x8769, 0xA002, 0xA003
IPTC_RESOURCE = 0x0404
THUMBNAIL_RESOURCES = (0x0409, 0x040C)  # Photoshop's own previews

PHOTOSHOP = b"Photoshop 3.0\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
COMMENT = b"Comment"
"""The keyword of a PNG's text that says what a JPEG's comment does."""
Text = tuple[bytes, bytes]
"""A PNG's text: the kind of its chunk, and all that stands in it."""
SEGMENT = 65533
"""Bytes that a JPEG's segment may hold."""
JPEG_ROOM = SEGMENT - len(XMP_NAME)
"""Bytes that an XMP packet in a JPEG may have at most: a segment's, less its name."""
CHUNK = 65400
"""Bytes of each further segment of XMP."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "urn:brushctl:provenance#"
SAID = (
    '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
    f' xmlns:brushctl="{OURS}"'
)
ABSENT = r"\w+:(?:MotionPhoto|MicroVideo)\w*|G?Container:Directory|hdrgm:\w+|x[am]p:Thumbnails"
"""Properties that tell of a film, further pictures or previews, none of which a result has."""
DESCRIPTIONS = re.compile(r"""<rdf:RDF\s+xmlns:rdf=["'][^"']*["']\s*>(.*)</rdf:RDF>""", re.DOTALL)
"""What a packet says, where it names no other namespace for all of it."""
EMPTY = re.compile(
    r"""<rdf:Description(?:\s+(?:xmlns:\w+|rdf:about)=(?:"[^"]*"|'[^']*'))*\s*/>""", re.DOTALL
)
"""A description that says nothing."""
RDF_END = re.compile(rb"</\w+:RDF>")
"""The end of what a packet says, as every program writes it: behind it nothing can be added."""
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    '</x:xmpmeta>\n<?xpacket end="w"?>'
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The blocks of a photograph.

    Attributes:
        exif: a TIFF stream, without the "Exif" marker in front.
        xmp: an XMP packet, UTF-8.
        resources: Photoshop image resources ("8BIM" blocks), where IPTC fields live.
        extended_xmp: what of a JPEG's XMP did not fit into 64 KiB, segment by segment.
        dpi: pixels per inch, across and down.
        texts: a PNG's, among which a JPEG's comment has the keyword `Comment`.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    resources: bytes | None = None
    extended_xmp: tuple[bytes, ...] = ()
    dpi: tuple[float, float] | None = None
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is written into an edited photograph about its edit.

    Attributes:
        brush: the brush's name.
        sha256: the brush's content hash.
        tool: the tool and its version, "brushctl 0.1.0".
    """

    brush: str
    sha256: str
    tool: str


def upright(metadata: Metadata, *, turned: bool) -> Metadata:
    """The blocks for pixels whose orientation has been baked, without stale previews.

    Args:
        metadata: as the camera wrote it.
        turned: width and height have changed places.
    """
    return replace(
        metadata,
        exif=metadata.exif and _upright_exif(metadata.exif, turned=turned),
        xmp=metadata.xmp and _upright_xmp(metadata.xmp),
        resources=metadata.resources and _without_previews(metadata.resources),
    )


def stripped(metadata: Metadata) -> Metadata:
    """Nothing that tells of the person, the place or the camera: the resolution stays."""
    return Metadata(dpi=metadata.dpi)


def takes_provenance(metadata: Metadata) -> bool:
    """Whether its XMP, if there is any, is of the kind that can be added to."""
    return not metadata.xmp or bool(RDF_END.search(metadata.xmp))


def with_provenance(metadata: Metadata, provenance: Provenance) -> Metadata:
    """The same blocks, their XMP, which must take it, saying which brush edited the photograph."""
    packet = (metadata.xmp or PACKET.encode()).decode("utf-8", "replace")
    # Packets are padded to be edited in place; a JPEG's has to stay below 64 KiB.
    packet = re.sub(r"\s{64,}(?=<\?xpacket end)", "\n", packet)
    packet = _without(r"\w+:DigitalSourceType", packet)
    for prefix in set(re.findall(rf"xmlns:(\w+)=[\"']{OURS}[\"']", packet)):
        packet = _without(rf"{prefix}:\w+|xmlns:{prefix}", packet)
    packet = EMPTY.sub("", packet)
    said = (
        f"{SAID}"
        f' xmlns:Iptc4xmpExt="{IPTC_EXT}"'
        f' Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"'
        f" brushctl:brush={quoteattr(provenance.brush)}"
        f" brushctl:brushSha256={quoteattr(provenance.sha256)}"
        f" brushctl:tool={quoteattr(provenance.tool)}/>"
    )
    packet = re.sub(f"(?={RDF_END.pattern.decode()})", lambda _: said, packet, count=1)
    return replace(metadata, xmp=packet.encode())


def _without(names: str, packet: str) -> str:
    """A packet without some properties, attributes or elements, whatever else stands with them."""
    # Padding is gone through once only, not from each of its spaces.
    packet = re.sub(rf"""(?<!\s)\s+(?:{names})=(?:"[^"]*"|'[^']*')""", "", packet)
    packet = re.sub(rf"<(?:{names})\b[^<>]*/>", "", packet)
    return re.sub(rf"<({names})\b[^<>]*>.*?</\1>", "", packet, flags=re.DOTALL)


def with_extended_xmp(metadata: Metadata) -> Metadata:
    """The same blocks, their XMP in segments behind a short packet (XMP part 3, 1.1.3.1)."""
    xmp = metadata.xmp or b""
    rest = re.sub(rb"<\?xpacket[^>]*\?>", b"", xmp).strip()
    guid = hashlib.md5(rest, usedforsecurity=False).hexdigest().upper()
    edit = re.search(re.escape(SAID).encode() + rb"[^<>]*/>", xmp)
    packet = PACKET.replace(
        "</rdf:RDF>",
        f'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
        f' xmpNote:HasExtendedXMP="{guid}"/>{edit[0].decode() if edit else ""}</rdf:RDF>',
    )
    head = EXTENDED_XMP + guid.encode() + struct.pack(">I", len(rest))
    segments = tuple(
        head + struct.pack(">I", at) + rest[at : at + CHUNK] for at in range(0, len(rest), CHUNK)
    )
    return replace(metadata, xmp=packet.encode(), extended_xmp=segments)


def with_iptc(resources: bytes, iptc: bytes) -> bytes:
    """Image resources with IPTC fields from elsewhere, unless they hold some themselves.

    Args:
        resources: Photoshop's, or none.
        iptc: a TIFF's tag 33723 or a PNG's profile: bare fields, or resources that hold them.
    """
    if not iptc or any(kind == IPTC_RESOURCE for kind, _ in _each(resources)):
        return resources
    # In front: behind whatever Photoshop's end in, they might not be found.
    return (iptc if iptc.startswith(b"8BIM") else iptc_resource(iptc)) + resources


def with_whole_xmp(metadata: Metadata) -> Metadata:
    """The same blocks, a JPEG's further segments of XMP put into the packet, as elsewhere it is.

    Segments that do not belong to the packet, or cannot be put into it, are left out.
    """
    if not metadata.extended_xmp:
        return metadata
    xmp = metadata.xmp or b""
    # Each begins with its name, the packet's word for it, its size and where it goes on.
    guid, place = len(EXTENDED_XMP), len(EXTENDED_XMP) + 32 + 4
    ours = [segment for segment in metadata.extended_xmp if segment[guid : guid + 32] in xmp]
    ours.sort(key=lambda segment: segment[place : place + 4])
    rest = b"".join(segment[place + 4 :] for segment in ours).decode("utf-8", "surrogateescape")
    packet = _without(r"\w+:HasExtendedXMP", xmp.decode("utf-8", "surrogateescape"))
    if said := DESCRIPTIONS.search(rest):
        packet = packet.replace("</rdf:RDF>", f"{said[1]}</rdf:RDF>", 1)
    whole = _upright_xmp(packet.encode("utf-8", "surrogateescape"))
    return replace(metadata, xmp=whole, extended_xmp=())


def as_text(comment: bytes) -> Text:
    """A JPEG's comment as a PNG says it: a JPEG does not tell how its letters are encoded."""
    if not comment.isascii():
        with contextlib.suppress(UnicodeDecodeError):
            comment.decode()
            return b"iTXt", COMMENT + b"\0\0\0\0\0" + comment
    return b"tEXt", COMMENT + b"\0" + comment


def comments_of(metadata: Metadata) -> Iterator[bytes]:
    """The comments of a JPEG, as far as they fit into its segments."""
    for text in metadata.texts:
        keyword, said = read_text(text, SEGMENT)
        if keyword == COMMENT:
            yield said


def read_text(text: Text, most: int) -> tuple[bytes, bytes]:
    """The keyword of a PNG's text and, up to so many bytes, what it says; nothing if damaged."""
    kind, content = text
    keyword, _, said = content.partition(b"\0")
    packed = kind == b"zTXt"
    if packed:
        said = said[1:]  # the method, of which there is one
    elif kind == b"iTXt":  # two flags, the language, the keyword in that language
        packed, said = said[:1] == b"\1", said[2:].split(b"\0", 2)[-1]
    try:
        return keyword, zlib.decompressobj().decompress(said, most) if packed else said[:most]
    except zlib.error:
        return keyword, b""


def iptc_resource(iptc: bytes) -> bytes:
    """Bare IPTC fields as an image resource."""
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def _upright_xmp(xmp: bytes) -> bytes:
    packet = xmp.decode("utf-8", "surrogateescape")
    packet = re.sub(r'(\btiff:Orientation=["\'])\d', r"\g<1>1", packet)
    packet = re.sub(r"(<tiff:Orientation>\s*)\d", r"\g<1>1", packet)
    return _without(ABSENT, packet).encode("utf-8", "surrogateescape")


def _without_previews(resources: bytes) -> bytes:
    return b"".join(block for kind, block in _each(resources) if kind not in THUMBNAIL_RESOURCES)


def _each(resources: bytes) -> Iterator[tuple[int, bytes]]:
    """Each image resource's number and all of its bytes."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (kind,) = struct.unpack_from(">H", resources, at + 4)
        data = at + 6 + (resources[at + 6] + 2) // 2 * 2  # a Pascal string padded to even
        if data + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, data)
        end = data + 4 + (size + 1) // 2 * 2
        yield kind, resources[at:end]
        at = end


def _upright_exif(exif: bytes, *, turned: bool) -> bytes:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return exif
    patched = bytearray(exif)
    with contextlib.suppress(struct.error):  # cut short: hand on what there is
        _patch_exif(patched, order, turned=turned)
    return bytes(patched)


def _patch_exif(exif: bytearray, order: str, *, turned: bool) -> None:
    (first,) = struct.unpack_from(order + "I", exif, 4)
    main, link = _entries(exif, order, first)
    if ORIENTATION in main:
        struct.pack_into(order + "H", exif, main[ORIENTATION] + 8, 1)
    if turned and EXIF_IFD in main:
        inner, _ = _entries(exif, order, _long(exif, order, main[EXIF_IFD]))
        if PIXEL_X in inner and PIXEL_Y in inner:
            # The two entries trade type, count and value, and keep their tags.
            x, y = inner[PIXEL_X], inner[PIXEL_Y]
            exif[x + 2 : x + 12], exif[y + 2 : y + 12] = exif[y + 2 : y + 12], exif[x + 2 : x + 12]
    (second,) = struct.unpack_from(order + "I", exif, link)
    if second:
        _erase_thumbnail(exif, order, second)
        struct.pack_into(order + "I", exif, link, 0)


def _erase_thumbnail(exif: bytearray, order: str, at: int) -> None:
    entries, _ = _entries(exif, order, at)
    if THUMBNAIL_START in entries and THUMBNAIL_SIZE in entries:
        start = _long(exif, order, entries[THUMBNAIL_START])
        end = min(start + _long(exif, order, entries[THUMBNAIL_SIZE]), len(exif))
        if start < end:
            exif[start:end] = bytes(end - start)


def _entries(exif: bytearray, order: str, at: int) -> tuple[dict[int, int], int]:
    """Where each tag's 12-byte entry starts, and where the link to the next directory is."""
    (count,) = struct.unpack_from(order + "H", exif, at)
    starts = [at + 2 + 12 * i for i in range(count)]
    tags = {struct.unpack_from(order + "H", exif, start)[0]: start for start in starts}
    return tags, at + 2 + 12 * count


def _long(exif: bytearray, order: str, entry: int) -> int:
    return int(struct.unpack_from(order + "I", exif, entry + 8)[0])
