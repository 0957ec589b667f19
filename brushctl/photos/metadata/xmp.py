"""XMP packets, which are XML: read tag by tag, and edited by cuts that leave all else as it was.

A packet is gone through from its beginning to its end, each byte once or twice whatever it says. Of
XML 1.0 this is as much as tells where tags, attributes and elements end.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from brushctl.photos.limits import XMP_DEPTH, XMP_TAGS

XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
"""What stands in front of a packet in a JPEG's segment."""
# No repetition here gives back what it has taken: a tag is found at once or is none.
NAME = re.compile(rb"""</?+([^\s<>/=!?"']++)""")
ATTRIBUTE = re.compile(rb"""\s++([^\s<>/=!?"']++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
TAG_END = re.compile(rb"\s*+(/?+)>")
OTHERS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
"""What begins with `<` and is no tag, and how it ends."""


class UneditableError(Exception):
    """A packet is no well-formed XML, or has more tags than anybody writes."""


class Attribute(NamedTuple):
    """An attribute [start, end) of a packet, the space in front of it included."""

    start: int
    end: int
    name: bytes
    value: bytes


class Tag(NamedTuple):
    """A tag [start, end) of a packet.

    Attributes:
        start: where it begins.
        end: where what follows begins.
        name: its element's, with the prefix.
        attributes: of an opening tag, in their order.
        opens: whether its element has begun with it; one that is empty has also ended.
        ends: whether its element has ended with it.
        depth: how many elements its element is within.
    """

    start: int
    end: int
    name: bytes
    attributes: list[Attribute]
    opens: bool
    ends: bool
    depth: int


def tags(packet: bytes) -> Iterator[Tag]:
    """Each tag of a packet.

    Raises:
        UneditableError: its tags are damaged, do not match, or are too many or too deep.
    """
    around: list[bytes] = []
    at = count = 0
    while (start := packet.find(b"<", at)) >= 0:
        if other := _other(packet, start):
            at = packet.find(OTHERS[other], start + len(other)) + len(OTHERS[other])
            if at < len(OTHERS[other]):
                raise UneditableError(f"what begins at byte {start} does not end")
            continue
        tag = _tag(packet, start, around, XMP_TAGS - count)
        at, count = tag.end, count + 1 + len(tag.attributes)
        if len(around) > XMP_DEPTH:
            raise UneditableError(f"its elements are more than {XMP_DEPTH} deep")
        yield tag
    if around:
        raise UneditableError(f"{_shown(around[-1])} does not end")


def without(packet: bytes, gone: Callable[[bytes], bool]) -> bytes:
    """A packet without some properties, be they attributes or elements.

    Args:
        packet: it.
        gone: tells by its name, with the prefix, whether one goes.

    Raises:
        UneditableError: as `tags` does.
    """
    cuts: list[tuple[int, int]] = []
    going: Tag | None = None
    for tag in tags(packet):
        if going:
            if tag.ends and tag.depth == going.depth:
                cuts.append((going.start, tag.end))
                going = None
        elif tag.opens and gone(tag.name):
            if tag.ends:
                cuts.append((tag.start, tag.end))
            else:
                going = tag
        elif said := [attribute for attribute in tag.attributes if gone(attribute.name)]:
            if tag.ends and _says_nothing(tag, said):
                cuts.append((tag.start, tag.end))
            else:
                cuts += ((attribute.start, attribute.end) for attribute in said)
    return _cut(packet, cuts)


def end_of_rdf(packet: bytes) -> int | None:
    """Where what a packet says ends, so that something can be added; None if it cannot."""
    try:
        return min((tag.start for tag in tags(packet) if _ends_rdf(tag)), default=None)
    except UneditableError:
        return None


def descriptions(packet: bytes) -> bytes:
    """What a packet says, if it names no other namespace for all of it; else nothing.

    Raises:
        UneditableError: as `tags` does.
    """
    begun: Tag | None = None
    said = b""
    for tag in tags(packet):
        if begun is None and tag.opens and not tag.ends and tag.name == b"rdf:RDF":
            begun = tag
        elif begun and tag.ends and tag.depth == begun.depth and not said:
            said = packet[begun.end : tag.start]
    if begun is None or [attribute.name for attribute in begun.attributes] != [b"xmlns:rdf"]:
        return b""
    return said


def _other(packet: bytes, start: int) -> bytes | None:
    if packet[start + 1 : start + 2] not in (b"!", b"?"):
        return None
    return next((begin for begin in OTHERS if packet.startswith(begin, start)), None)


def _tag(packet: bytes, start: int, around: list[bytes], room: int) -> Tag:
    """The tag that begins there, if there is room for it and its attributes.

    `around` are the names of the open elements, and are kept up to date.
    """
    named = NAME.match(packet, start)
    attributes: list[Attribute] = []
    at = named.end() if named else start
    closes = packet.startswith(b"</", start)
    while not closes and len(attributes) < room and (found := ATTRIBUTE.match(packet, at)):
        at = found.end()
        attributes.append(Attribute(found.start(), at, found[1], found[2][1:-1]))
    if len(attributes) >= room:
        raise UneditableError(f"it has more than {XMP_TAGS:,} tags and attributes")
    ended = TAG_END.match(packet, at)
    if not named or not ended or (closes and ended[1]):
        raise UneditableError(f"there is no whole tag at byte {start}")
    name, empty = named[1], bool(ended[1])
    if closes and (not around or around.pop() != name):
        raise UneditableError(f"{_shown(name)} ends and has not begun")
    depth = len(around)
    if not closes and not empty:
        around.append(name)
    return Tag(start, ended.end(), name, attributes, not closes, closes or empty, depth)


def _says_nothing(tag: Tag, gone: list[Attribute]) -> bool:
    """Whether an empty description is about nothing any more without some of its attributes."""
    names = {attribute.name for attribute in tag.attributes} - {lost.name for lost in gone}
    return tag.name == b"rdf:Description" and all(
        name == b"rdf:about" or name.startswith(b"xmlns:") for name in names
    )


def _cut(packet: bytes, cuts: list[tuple[int, int]]) -> bytes:
    starts = (0, *(end for _, end in cuts))
    ends = (*(start for start, _ in cuts), len(packet))
    return b"".join(packet[start:end] for start, end in zip(starts, ends, strict=True))


def _ends_rdf(tag: Tag) -> bool:
    return not tag.opens and tag.name.endswith(b":RDF")


def _shown(name: bytes) -> str:
    return name[:40].decode(errors="replace")
