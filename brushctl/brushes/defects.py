"""What can be wrong with a `.brush` file, one named error for each defect.

BrushFormatError             brush-format
├── TruncatedError           brush-truncated      the file ends before its header or tensors do
├── HeaderSizeError          brush-header-size    the header announces a size over its cap
├── JsonError                brush-json           not JSON, not UTF-8, or a number out of range
├── DepthError               brush-depth          JSON nested too deeply
├── DuplicateError           brush-duplicate      a key or a tensor appears twice
├── DocumentError            brush-document       the header carries no brush document
├── VersionError             brush-version        this reader does not know the major version
├── FieldError               brush-field          a field is missing, mistyped or out of range
├── ContradictionError       brush-contradiction  fields that do not agree with each other
├── TensorError              brush-tensor         an entry is not that of a brush's tensor
├── DtypeError               brush-dtype          not F16 or F32, or not the format of its part
├── ShapeError               brush-shape          the document or the bytes say otherwise
├── HoleError                brush-hole           bytes that belong to no tensor
├── OverlapError             brush-overlap        bytes that belong to two tensors
├── TrailingError            brush-trailing       bytes after the last tensor
├── NotFiniteError           brush-not-finite     NaN or infinity among the numbers
└── ContentHashError         brush-content-hash   the content is not what was hashed

The codes are part of the format: `formats/brush-1.md` defines them for every reader.
"""

from brushctl.errors import BrushFormatError


class TruncatedError(BrushFormatError):
    """The file ends before its header or its tensors do."""

    code = "brush-truncated"


class HeaderSizeError(BrushFormatError):
    """A size over its cap is announced. Most files that are no brushes end here."""

    code = "brush-header-size"


class JsonError(BrushFormatError):
    """Not JSON, not UTF-8, or a number that a double cannot hold."""

    code = "brush-json"


class DepthError(BrushFormatError):
    """JSON nested too deeply."""

    code = "brush-depth"


class DuplicateError(BrushFormatError):
    """A JSON key or a tensor name appears twice."""

    code = "brush-duplicate"


class DocumentError(BrushFormatError):
    """The header carries no brush document."""

    code = "brush-document"


class VersionError(BrushFormatError):
    """This reader does not know the major version of the format."""

    code = "brush-version"


class FieldError(BrushFormatError):
    """A field of the document is missing, of another type, or out of range."""

    code = "brush-field"


class ContradictionError(BrushFormatError):
    """Each field is right, but they contradict each other."""

    code = "brush-contradiction"


class TensorError(BrushFormatError):
    """An entry of the header, or its name, is not that of a brush's tensor."""

    code = "brush-tensor"


class DtypeError(BrushFormatError):
    """Not F16 or F32, or mixed within an instruction, or F16 for a grade's other than nodes."""

    code = "brush-dtype"


class ShapeError(BrushFormatError):
    """A tensor's shape contradicts the document or its own bytes."""

    code = "brush-shape"


class HoleError(BrushFormatError):
    """Some bytes belong to no tensor."""

    code = "brush-hole"


class OverlapError(BrushFormatError):
    """Some bytes belong to two tensors."""

    code = "brush-overlap"


class TrailingError(BrushFormatError):
    """There are bytes after the last tensor."""

    code = "brush-trailing"


class NotFiniteError(BrushFormatError):
    """NaN or infinity among the numbers of a tensor."""

    code = "brush-not-finite"


class ContentHashError(BrushFormatError):
    """The content is not what was hashed when the file was written."""

    code = "brush-content-hash"
