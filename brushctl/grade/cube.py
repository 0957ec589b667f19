"""A fitted table of colours as a `.cube` file, by OpenColorIO."""

from types import ModuleType

from brushctl.errors import UsageError, shortage
from brushctl.extras import installing
from brushctl.grade.lut import Lut

FORMAT = "iridas_cube"
"""OpenColorIO's name for the format that photo and film programs exchange."""


def open_colour_io() -> ModuleType:
    """OpenColorIO; asked for beforehand, its absence costs no work.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import PyOpenColorIO
    except ImportError as error:
        absent = UsageError(
            "writing LUTs needs OpenColorIO, which is not installed",
            do=f"Run `{installing('opencolorio')}`.",
        )
        raise shortage(error) or absent from error
    return PyOpenColorIO


def encode_cube(lut: Lut, told: str) -> str:
    """The text of the file; `told` becomes a comment in it.

    Raises:
        UsageError: OpenColorIO is not installed.
    """
    ocio = open_colour_io()
    transform = ocio.Lut3DTransform(lut.grid)
    transform.setData(lut.table.ravel())  # red varying slowest, as the table has it
    config = ocio.Config()
    config.addColorSpace(ocio.ColorSpace(name="photograph"))
    config.addColorSpace(ocio.ColorSpace(name="edited", fromReference=transform))
    baker = ocio.Baker()
    baker.setConfig(config)
    baker.setFormat(FORMAT)
    baker.setInputSpace("photograph")
    baker.setTargetSpace("edited")
    baker.setCubeSize(lut.grid)
    baker.getFormatMetadata().addChildElement("Desc", told)
    return str(baker.bake())
