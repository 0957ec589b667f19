"""Repeat a brush's edit on an image in memory."""

from typing import TYPE_CHECKING, TypedDict

from brushctl.app.apply_plan import ApplySettings
from brushctl.app.editors import loaded
from brushctl.events import Reporter

if TYPE_CHECKING:
    from PIL.Image import Image

    from brushctl.brushes.file import Brush


class How(TypedDict, total=False):
    """What may be asked of every edit; `brushctl.apply` says what each is."""

    detail: str
    seed: int
    steps: int | None
    effort: str
    s_T: float | None
    s_I: float | None
    strength: float
    base: str | None
    device: str
    dtype: str | None
    quality: int | None
    report: Reporter


class HowFiles(How, total=False):
    """What may be asked of files beside that."""

    in_place: bool
    overwrite: bool
    on_top: bool
    retry_failed: bool
    first_frame: bool
    strip: bool
    provenance: bool


def apply_to_image(image: "Image", brush: "Brush", settings: ApplySettings, device: str) -> "Image":
    """Edit an image at its full size.

    Args:
        image: of 8 bits; in the profile of `info["icc_profile"]`, in sRGB without one.
        brush: the edit.
        settings: how it is edited.
        device: what the brush's model works on, if it needs one.

    Returns:
        a new image of the same mode, upright, with the other's `info`.

    Raises:
        PhotoError: it is of a mode that cannot be edited, or too large.
    """
    from PIL import ImageOps

    from brushctl.app.judge import edit_by
    from brushctl.photos.encode import image_like
    from brushctl.photos.photo import photo_of

    upright = ImageOps.exif_transpose(image)
    photo = photo_of(upright)
    with loaded(lambda: brush, settings, device) as (editor, treatment):
        pixels = edit_by(treatment.grade, editor, treatment.detail)(photo.pixels)
    edited = image_like(pixels, photo)
    ours = ("icc_profile", "transparency")  # the profile is set, transparency is in the pixels
    edited.info |= {key: value for key, value in upright.info.items() if key not in ours}
    return edited
