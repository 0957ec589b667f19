"""What results are called, and which of their formats can be written."""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from brushctl.errors import PlanError
from brushctl.extras import installing
from brushctl.files import expanded
from brushctl.photos.formats import SUFFIXES
from brushctl.runs.inputs import Input

TEMPLATE = "{stem}.{ext}"
FIELDS = ("stem", "ext", "brush", "folder", "n")
UNFILLED = (LookupError, ValueError, AttributeError, TypeError, MemoryError, OverflowError)
"""What formatting raises for one template or another."""
UNKNOWN = (".jxl", ".dng")
"""Suffixes of pictures that Pillow has not heard of."""


def names_picture(output: str) -> bool:
    """Whether an output is one picture, of a format that can be written or not, and no folder."""
    path = expanded(output)
    suffix = path.suffix.lower()
    if not suffix or output.endswith("/") or path.is_dir():
        return False
    if suffix in SUFFIXES or suffix in UNKNOWN:
        return True
    from PIL import Image  # whose every format must be loaded to tell: a tenth of a second

    return suffix in Image.registered_extensions()


def result_name(item: Input, n: int, template: str, brush: str) -> str:
    """What the template makes of the nth photograph.

    Raises:
        PlanError: nothing, or no name for a photograph.
    """
    if template == TEMPLATE:
        return os.path.basename(item.file)  # noqa: PTH119  (without a `Path`)
    path = item.path
    try:
        name = template.format(
            stem=path.stem,
            ext=path.suffix[1:],
            brush=brush,
            folder=path.absolute().parent.name,
            n=n,
        )
    except UNFILLED as error:
        raise PlanError(
            "the template cannot be filled in",
            where=template,
            do=f"Its fields are {' '.join('{' + field + '}' for field in FIELDS)}.",
        ) from error
    if not path.suffix:
        name = name.removesuffix(".")  # that of an {ext} there is not
    hides = name.startswith(".") and not path.name.startswith(".")  # more than the photograph
    if name in ("", "..") or name != Path(name).name or hides:
        raise PlanError(
            f"the template gives {name!r}, which cannot name a file",
            where=template,
            do="Begin it with a field or a word, and leave folders out of it.",
        )
    if Path(name).suffix.lower() not in SUFFIXES and Path(name).suffix != path.suffix:
        raise PlanError(
            f"the template gives {name!r}, whose suffix names no format",
            where=template,
            do="End it with .{ext}, or with .jpg, .png, .tif, .webp, .avif or .heic.",
        )
    return name


def check_formats(names: Iterable[tuple[str | None, str | None]]) -> None:
    """See that no photograph is to become what this machine cannot write.

    Args:
        names: each photograph's and its result's.

    Raises:
        PlanError: one is.
    """
    # One that is HEIC itself could not be read: that is its own failure, not the run's.
    converted = (result for name, result in names if _is_heic(result) and not _is_heic(name))
    target = next(converted, None)
    if target and not find_spec("pillow_heif"):
        raise PlanError(
            "writing HEIC needs pillow-heif, which is not installed",
            where=target,
            do=f"Run `{installing('pillow-heif')}`, or write another format.",
        )


def _is_heic(name: str | None) -> bool:
    suffix = os.path.splitext(name or "")[1]  # noqa: PTH122  (without a `Path`)
    return SUFFIXES.get(suffix.lower()) == "HEIF"
