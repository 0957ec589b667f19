"""What a photograph carries with its pixels, and what an edit must change in it.

Blocks are patched in place, never decoded and rewritten: maker notes and private fields come back
byte for byte.
"""

from dataclasses import dataclass, replace
from itertools import chain, islice

from brushctl.errors import PhotoError
from brushctl.photos.limits import METADATA, PARTS
from brushctl.photos.metadata.exif import Exif
from brushctl.photos.metadata.extended_xmp import guid_named, guid_of, joined, parts_of
from brushctl.photos.metadata.iptc import each_resource, without_previews
from brushctl.photos.metadata.texts import Text
from brushctl.photos.metadata.upright import upright_xmp
from brushctl.photos.metadata.xmp import UneditableError, tags


@dataclass(frozen=True, slots=True)
class Metadata:
    """The blocks of a photograph.

    Attributes:
        exif: how the photograph was taken.
        xmp: an XMP packet, UTF-8.
        resources: Photoshop image resources ("8BIM" blocks), where IPTC fields live.
        extended_xmp: what of a JPEG's XMP did not fit into 64 KiB, segment by segment.
        dpi: pixels per inch, across and down.
        aspect: their density without a unit, where that is stated and no `dpi`.
        texts: a PNG's, among which a JPEG's comment has the keyword `Comment`.
    """

    exif: Exif | None = None
    xmp: bytes | None = None
    resources: bytes | None = None
    extended_xmp: tuple[bytes, ...] = ()
    dpi: tuple[float, float] | None = None
    aspect: tuple[float, float] | None = None
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


def upright(metadata: Metadata, orientation: int, size: tuple[int, int]) -> Metadata:
    """The blocks for pixels whose orientation has been baked, without stale previews.

    Args:
        metadata: as the camera wrote it.
        orientation: how the pixels were stored.
        size: width and height of the stored picture.
    """
    packet, segments = metadata.xmp, metadata.extended_xmp
    if packet and (second := joined(packet, segments)):
        turned = upright_xmp(second, orientation, size)
        if turned != second:
            segments = parts_of(turned)
            packet = packet.replace(guid_named(packet), guid_of(turned))
    return replace(
        metadata,
        exif=metadata.exif and metadata.exif.upright(orientation, size),
        xmp=packet and upright_xmp(packet, orientation, size),
        extended_xmp=segments,
        resources=metadata.resources and without_previews(metadata.resources),
    )


def within_limits(metadata: Metadata) -> tuple[Metadata, list[str]]:
    """The blocks that can be worked on in bounded time, and what there is to warn of."""
    left_out = {
        "exif": _excess_of("EXIF", metadata.exif.block) if metadata.exif else "",
        "xmp": _excess_of("XMP", metadata.xmp),
        "resources": _excess_of("IPTC", metadata.resources),
    }
    if next(islice(each_resource(metadata.resources or b""), PARTS, None), None):
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
        packet = kept.xmp or b""
        for _ in chain(tags(packet), tags(joined(packet, kept.extended_xmp))):
            pass
    except UneditableError as why:
        warnings.append(f"its XMP is kept, and not brought up to date: {why}")
    return kept, warnings


def stripped(metadata: Metadata) -> Metadata:
    """Nothing that tells of the person, the place or the camera: the resolution stays."""
    return Metadata(dpi=metadata.dpi, aspect=metadata.aspect)


def _excess_of(name: str, block: bytes | None) -> str:
    if len(block or b"") <= METADATA:
        return ""
    return f"its {name} has more than {METADATA:,} bytes and is left out"
