"""What a file holds beside its photograph, and a result cannot hold."""

from PIL import Image, JpegImagePlugin, MpoImagePlugin

from brushctl.photos.formats import heif as isobmff
from brushctl.photos.formats import jpeg, tiff
from brushctl.photos.metadata.directories import pages_of

MP_ENTRIES = 0xB002
"""The tag of the list of pictures in a JPEG that holds several (CIPA DC-007, 5.2.3)."""


def is_alone(image: Image.Image, data: bytes) -> bool:
    """Whether an opened file holds no other picture, layers, masks or film; previews may be."""
    further = _has_pictures(image, data) or _has_film(image, data)
    return not (further or tiff.has_layers(image) or tiff.masks_of(image))


def pictures_in(image: Image.Image, data: bytes) -> int:
    """How many pictures an opened file holds, be they pages, frames of an animation or previews."""
    # Pillow would read each page of a TIFF, and compare where it is with all before it.
    return pages_of(data) if image.format == "TIFF" else getattr(image, "n_frames", 1)


def _has_pictures(image: Image.Image, data: bytes) -> bool:
    if isinstance(image, MpoImagePlugin.MpoImageFile):
        kinds = [entry["Attribute"]["MPType"] for entry in (image.mpinfo or {})[MP_ENTRIES][1:]]
        return not all(kind.startswith("Large Thumbnail") for kind in kinds)
    info = image.info
    # Pillow takes a JPEG with a gain map behind it for a plain one, pillow-heif such a HEIC.
    has_gain_map = "mp" in info and b"hdrgm:Version" in info.get("xmp", b"")
    others = has_gain_map or info.get("aux") or info.get("depth_images")
    return bool(others) or pictures_in(image, data) > 1


def _has_film(image: Image.Image, data: bytes) -> bool:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return jpeg.holds_film(data)
    return image.format in ("HEIF", "AVIF") and isobmff.holds_film(data)
