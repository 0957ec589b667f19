"""What can be chosen about photographs; imported by the command line before anything heavy."""

from enum import StrEnum

SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""The formats that can be read and written, by the suffix of their files."""


class Detail(StrEnum):
    """Where the fine detail of a result comes from."""

    AUTO = "auto"
    TRANSFER = "transfer"
    MODEL = "model"


class Engine(StrEnum):
    """What edits the photographs of a run."""

    LOCAL = "local"
    RAY = "ray"
