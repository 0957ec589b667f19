"""What XMP says of an edit, and packets that are longer than a JPEG's segment.

Sources: XMP part 1 (ISO 16684-1) and part 3 (1.1.3), IPTC's digital source type vocabulary.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from xml.sax.saxutils import quoteattr, unescape

from brushctl.photos.metadata.blocks import Metadata, Provenance
from brushctl.photos.metadata.extended_xmp import guid_of, joined, parts_of
from brushctl.photos.metadata.upright import upright_xmp
from brushctl.photos.metadata.xmp import (
    UneditableError,
    descriptions,
    end_of_rdf,
    without,
)

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "urn:brushctl:provenance#"
SAID = (
    '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
    f' xmlns:brushctl="{OURS}"'
)
PREFIX = re.compile(rb"""xmlns:(\w++)=["']%b["']""" % OURS.encode())
BRUSH = rb"""\b%b:brush(?:="([^"<>]*+)"|='([^'<>]*+)'|>([^<>]*+)<)"""
"""A brush's name in a packet, in place of `%b` what stands there for our namespace: an attribute,
as it is written here, or an element, as other programs write it anew."""
QUOTES = {"&quot;": '"', "&apos;": "'", "&#10;": "\n", "&#13;": "\r", "&#9;": "\t"}
"""What `quoteattr` writes for characters beside `&`, `<` and `>`."""
PADDING = 64
"""Spaces at the end of a packet, at least, that are there for it to be edited in place."""
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    '</x:xmpmeta>\n<?xpacket end="w"?>'
).encode()


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
    return replace(metadata, xmp=_added(without(packet, _is_provenance(ours)), said.encode()))


def edited_with(metadata: Metadata) -> str | None:
    """The brush that its XMP says a photograph was edited with; None where it says of none."""
    packet = metadata.xmp or b""
    for prefix in PREFIX.findall(packet):
        if said := re.search(BRUSH % prefix, packet):
            return unescape(said[said.lastindex or 0].decode(errors="replace"), QUOTES)
    return None


def with_extended_xmp(metadata: Metadata) -> Metadata:
    """The same blocks, their XMP in segments behind a short packet (XMP part 3, 1.1.3.1)."""
    xmp = metadata.xmp or b""
    rest = re.sub(rb"<\?xpacket[^<>]*+>", b"", xmp).strip()
    edit = re.search(re.escape(SAID).encode() + rb"[^<>]*+>", xmp)
    note = (
        f'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
        f' xmpNote:HasExtendedXMP="{guid_of(rest).decode()}"/>'
    )
    packet = _added(PACKET, note.encode() + (edit[0] if edit else b""))
    return replace(metadata, xmp=packet, extended_xmp=parts_of(rest))


def with_whole_xmp(metadata: Metadata) -> Metadata:
    """The same blocks, a JPEG's further segments of XMP put into the packet, as elsewhere it is.

    Segments that do not belong to the packet, or cannot be put into it, are left out.
    """
    if not metadata.extended_xmp:
        return metadata
    xmp = metadata.xmp or b""
    second = joined(xmp, metadata.extended_xmp)
    try:
        xmp = without(xmp, lambda name: name.endswith(b":HasExtendedXMP"))
        said = descriptions(second)
        xmp = _added(xmp, said) if said and end_of_rdf(xmp) else xmp
    except UneditableError:
        pass
    return replace(metadata, xmp=upright_xmp(xmp, 1, (0, 0)), extended_xmp=())


def _unpadded(packet: bytes) -> bytes:
    """A packet without its padding: a JPEG's has to stay below 64 KiB."""
    end = packet.rfind(b"<?xpacket end")
    said = packet[: max(end, 0)].rstrip()
    return said + b"\n" + packet[end:] if end - len(said) >= PADDING else packet


def _is_provenance(prefixes: frozenset[bytes]) -> Callable[[bytes], bool]:
    """A test of names: of the properties that `with_provenance` writes.

    Args:
        prefixes: what stands for our own namespace in a packet.
    """

    def is_ours(name: bytes) -> bool:
        prefix, _, local = name.partition(b":")
        ours = local if prefix == b"xmlns" else prefix
        return ours in prefixes or local == b"DigitalSourceType"

    return is_ours


def _added(packet: bytes, said: bytes) -> bytes:
    """A packet that says something more; a new one, if it said nothing that is left."""
    end = end_of_rdf(packet)
    if end is None:
        packet, end = PACKET, end_of_rdf(PACKET)
    return packet[:end] + said + packet[end:]
