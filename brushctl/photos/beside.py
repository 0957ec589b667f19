"""What a file holds beside its photograph, and a result cannot hold."""

from PIL import Image, JpegImagePlugin, MpoImagePlugin

from brushctl.photos import isobmff, jpeg, tiff

MP_ENTRIES = 0xB002
"""The tag of the list of pictures in a JPEG that holds several (CIPA DC-007, 5.2.3)."""


def is_alone(image: Image.Image, data: bytes) -> bool:
    """Whether an opened file holds no other picture, layers, masks or film; previews may be."""
    further = _has_pictures(image) or _has_film(image, data)
    return not (further or tiff.has_layers(image) or tiff.masks_of(image))


def _has_pictures(image: Image.Image) -> bool:
    if isinstance(image, MpoImagePlugin.MpoImageFile):
        kinds = [entry["Attribute"]["MPType"] for entry in (image.mpinfo or {})[MP_ENTRIES][1:]]
        return not all(kind.startswith("Large Thumbnail") for kind in kinds)
    info = image.info
    # Pillow takes a JPEG with a gain map behind it for a plain one, pillow-heif such a HEIC.
    has_gain_map = "mp" in info and b"hdrgm:Version" in info.get("xmp", b"")
    others = has_gain_map or info.get("aux") or info.get("depth_images")
    return bool(others) or getattr(image, "n_frames", 1) > 1


def _has_film(image: Image.Image, data: bytes) -> bool:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return jpeg.holds_film(data)
    return image.format in ("HEIF", "AVIF") and isobmff.holds_film(data)
