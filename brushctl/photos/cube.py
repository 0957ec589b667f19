"""A fitted table of colours as a `.cube` file, by OpenColorIO."""

from brushctl.errors import UsageError
from brushctl.photos.lut import Lut

FORMAT = "iridas_cube"
"""OpenColorIO's name for the format that photo and film programs exchange."""


def encode_cube(lut: Lut, told: str) -> str:
    """The text of the file; `told` becomes a comment in it.

    Raises:
        UsageError: OpenColorIO is not installed.
    """
    try:
        import PyOpenColorIO as ocio  # noqa: N813  (a lower-case name reads as the module it is)
    except ImportError as error:
        raise UsageError(
            "writing LUTs needs OpenColorIO, which is not installed",
            do="Install `brushctl[lut]`.",
        ) from error
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
