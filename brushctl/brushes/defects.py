"""What can be wrong with a `.brush` file, one named error for each defect.

BrushFormatError            brush-format
├── NotABrushError          brush-not-a-brush    no safetensors header, or no `brush` in it
├── HeaderError             brush-header         size over the cap, bad JSON, too deep
├── DuplicateError          brush-duplicate      a key or tensor stands twice
├── FieldError              brush-field          metadata missing, mistyped or out of range
├── VersionError            brush-version        another major version
├── TensorError             brush-tensor         dtype, shape or site is wrong
├── LayoutError             brush-layout         holes, overlaps, trailing or missing bytes
├── NotFiniteError          brush-not-finite     NaN or infinity among the features
└── ContentHashError        brush-content-hash   the tensors are not what was hashed
"""

from brushctl.errors import BrushFormatError


class NotABrushError(BrushFormatError):
    """The file is something else."""

    code = "brush-not-a-brush"


class HeaderError(BrushFormatError):
    """The header cannot be read."""

    code = "brush-header"


class DuplicateError(BrushFormatError):
    """A JSON key or a tensor name stands twice."""

    code = "brush-duplicate"


class FieldError(BrushFormatError):
    """A metadata field is missing, of another type, or out of range."""

    code = "brush-field"


class VersionError(BrushFormatError):
    """Another major version of the format."""

    code = "brush-version"


class TensorError(BrushFormatError):
    """A tensor's dtype, shape or name is wrong."""

    code = "brush-tensor"


class LayoutError(BrushFormatError):
    """The tensors do not fill the file exactly once."""

    code = "brush-layout"


class NotFiniteError(BrushFormatError):
    """NaN or infinity among the features."""

    code = "brush-not-finite"


class ContentHashError(BrushFormatError):
    """The tensors' hash is not the one the metadata gives."""

    code = "brush-content-hash"
