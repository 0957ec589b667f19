"""What a photograph carries beside its pixels, and what an edit must change in it.

Blocks are patched in place, never decoded and rewritten: maker notes and private fields come back
byte for byte. Sources: XMP part 1 (ISO 16684-1), Photoshop's image resources, IPTC's digital source
type vocabulary.
"""

import contextlib
import hashlib
import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

from brushctl.errors import PhotoError
from brushctl.photos.limits import METADATA, PARTS
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.xmp import UneditableError, descriptions, end_of_rdf, tags, without

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
PREFIX = re.compile(rb"""xmlns:(\w++)=["']%b["']""" % OURS.encode())
ABSENT = re.compile(
    rb"\w++:(?:MotionPhoto|MicroVideo)\w*|G?Container:Directory|hdrgm:\w+|x[am]p:Thumbnails"
)
"""Properties that tell of a film, further pictures or previews, none of which a result has."""
ORIENTATIONS = re.compile(rb"""(\btiff:Orientation=["']|<tiff:Orientation>\s*+)\d""")
"""What a packet says of how the camera was held: it has to be found in damaged packets too."""
GUID = re.compile(rb"""HasExtendedXMP(?:=["']|>\s*+)(\w{32})""")
"""A packet's word for the segments that it goes on in."""
PADDING = 64
"""Spaces at the end of a packet, at least, that are there for it to be edited in place."""
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    '</x:xmpmeta>\n<?xpacket end="w"?>'
).encode()


@dataclass(frozen=True, slots=True)
class Metadata:
    """The blocks of a photograph.

    Attributes:
        exif: how the photograph was taken.
        xmp: an XMP packet, UTF-8.
        resources: Photoshop image resources ("8BIM" blocks), where IPTC fields live.
        extended_xmp: what of a JPEG's XMP did not fit into 64 KiB, segment by segment.
        dpi: pixels per inch, across and down.
        texts: a PNG's, among which a JPEG's comment has the keyword `Comment`.
    """

    exif: Exif | None = None
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
        exif=metadata.exif and metadata.exif.upright(turned=turned),
        xmp=metadata.xmp and _upright_xmp(metadata.xmp),
        resources=metadata.resources and _without_previews(metadata.resources),
    )


def within_limits(metadata: Metadata) -> tuple[Metadata, list[str]]:
    """The blocks that can be worked on in bounded time, and what there is to warn of."""
    left_out = {
        "exif": _excess_of("EXIF", metadata.exif.block) if metadata.exif else "",
        "xmp": _excess_of("XMP", metadata.xmp),
        "resources": _excess_of("IPTC", metadata.resources),
    }
    if next(itertools.islice(_each(metadata.resources or b""), PARTS, None), None):
        left_out["resources"] = f"it has more than {PARTS:,} image resources; they are left out"
    try:
        if metadata.exif and not left_out["exif"]:
            metadata.exif.check("EXIF")
    except PhotoError as error:
        left_out["exif"] = f"its EXIF is left out: {error.what}"
    kept = replace(
        metadata,
        exif=None if left_out["exif"] else metadata.exif,
        xmp=None if left_out["xmp"] else metadata.xmp,
        resources=None if left_out["resources"] else metadata.resources,
    )
    warnings = [why for why in left_out.values() if why]
    try:
        for _ in tags(kept.xmp or b""):
            pass
    except UneditableError as why:
        warnings.append(f"its XMP is kept, and not brought up to date: {why}")
    return kept, warnings


def stripped(metadata: Metadata) -> Metadata:
    """Nothing that tells of the person, the place or the camera: the resolution stays."""
    return Metadata(dpi=metadata.dpi)


def takes_provenance(metadata: Metadata) -> bool:
    """Whether its XMP, if there is any, is of the kind that can be added to."""
    return not metadata.xmp or end_of_rdf(metadata.xmp) is not None


def with_provenance(metadata: Metadata, provenance: Provenance) -> Metadata:
    """The same blocks, their XMP, which must take it, saying which brush edited the photograph."""
    packet = _unpadded(metadata.xmp or PACKET)
    ours = frozenset(PREFIX.findall(packet))
    said = (
        f"{SAID}"
        f' xmlns:Iptc4xmpExt="{IPTC_EXT}"'
        f' Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"'
        f" brushctl:brush={quoteattr(provenance.brush)}"
        f" brushctl:brushSha256={quoteattr(provenance.sha256)}"
        f" brushctl:tool={quoteattr(provenance.tool)}/>"
    )
    return replace(metadata, xmp=_added(without(packet, _told_before(ours)), said.encode()))


def _unpadded(packet: bytes) -> bytes:
    """A packet without its padding: a JPEG's has to stay below 64 KiB."""
    end = packet.rfind(b"<?xpacket end")
    said = packet[: max(end, 0)].rstrip()
    return said + b"\n" + packet[end:] if end - len(said) >= PADDING else packet


def _told_before(prefixes: frozenset[bytes]) -> Callable[[bytes], bool]:
    """Tells by their names the properties that `with_provenance` writes.

    Args:
        prefixes: what stands for our own namespace in a packet.
    """

    def told(name: bytes) -> bool:
        prefix, _, local = name.partition(b":")
        ours = local if prefix == b"xmlns" else prefix
        return ours in prefixes or local == b"DigitalSourceType"

    return told


def _added(packet: bytes, said: bytes) -> bytes:
    """A packet that says something more; a new one, if it said nothing that is left."""
    end = end_of_rdf(packet)
    if end is None:
        packet, end = PACKET, end_of_rdf(PACKET)
    return packet[:end] + said + packet[end:]


def with_extended_xmp(metadata: Metadata) -> Metadata:
    """The same blocks, their XMP in segments behind a short packet (XMP part 3, 1.1.3.1)."""
    xmp = metadata.xmp or b""
    rest = re.sub(rb"<\?xpacket[^<>]*+>", b"", xmp).strip()
    guid = hashlib.md5(rest, usedforsecurity=False).hexdigest().upper()
    edit = re.search(re.escape(SAID).encode() + rb"[^<>]*+>", xmp)
    note = (
        f'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
        f' xmpNote:HasExtendedXMP="{guid}"/>'
    )
    packet = _added(PACKET, note.encode() + (edit[0] if edit else b""))
    head = EXTENDED_XMP + guid.encode() + struct.pack(">I", len(rest))
    segments = tuple(
        head + struct.pack(">I", at) + rest[at : at + CHUNK] for at in range(0, len(rest), CHUNK)
    )
    return replace(metadata, xmp=packet, extended_xmp=segments)


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
    named = GUID.search(xmp)
    # Each begins with its name, the packet's word for it, its size and where it goes on.
    guid, place = len(EXTENDED_XMP), len(EXTENDED_XMP) + 32 + 4
    ours = sorted(
        (one for one in metadata.extended_xmp if named and one[guid : guid + 32] == named[1]),
        key=lambda segment: segment[place : place + 4],
    )
    try:
        xmp = without(xmp, lambda name: name.endswith(b":HasExtendedXMP"))
        said = descriptions(b"".join(segment[place + 4 :] for segment in ours))
        xmp = _added(xmp, said) if said and end_of_rdf(xmp) else xmp
    except UneditableError:
        pass
    return replace(metadata, xmp=_upright_xmp(xmp), extended_xmp=())


def as_text(comment: bytes) -> Text:
    """A JPEG's comment as a PNG says it: a JPEG does not tell how its letters are encoded."""
    if not comment.isascii():
        with contextlib.suppress(UnicodeDecodeError):
            comment.decode()
            return b"iTXt", COMMENT + b"\0\0\0\0\0" + comment
    return b"tEXt", COMMENT + b"\0" + comment


def comments_of(metadata: Metadata) -> Iterator[bytes]:
    """The comments of a JPEG, as far as they fit into its segments and what may precede pixels."""
    room = METADATA
    for text in metadata.texts:
        if room and text[1].partition(b"\0")[0] == COMMENT:
            _, said = read_text(text, min(SEGMENT, room))
            room -= len(said)
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
    xmp = ORIENTATIONS.sub(rb"\g<1>1", xmp)
    try:
        return without(xmp, lambda name: ABSENT.fullmatch(name) is not None)
    except UneditableError:  # which `within_limits` tells of
        return xmp


def _excess_of(name: str, block: bytes | None) -> str:
    if len(block or b"") <= METADATA:
        return ""
    return f"its {name} has more than {METADATA:,} bytes and is left out"


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
