"""What can be wrong with a `.brush` file, one named error for each defect.

BrushFormatError             brush-format
├── TruncatedError           brush-truncated      the file ends before its header or tensors do
├── HeaderSizeError          brush-header-size    header or file are announced to be over their caps
├── JsonError                brush-json           not JSON, not UTF-8, or a number out of range
├── DepthError               brush-depth          JSON nested too deeply
├── DuplicateError           brush-duplicate      a key or a tensor stands twice
├── DocumentError            brush-document       the header carries no brush document
├── VersionError             brush-version        a major version this reader does not know
├── FieldError               brush-field          a field is missing, mistyped or out of range
├── ContradictionError       brush-contradiction  fields that do not agree with each other
├── TensorError              brush-tensor         an entry or a name that is no brush tensor's
├── DtypeError               brush-dtype          not F16 or F32, or not what its part has
├── ShapeError               brush-shape          not what the document or its bytes say
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
    """Header or file are announced to be over their caps; most that is no brush ends here."""

    code = "brush-header-size"


class JsonError(BrushFormatError):
    """Not JSON, not UTF-8, or a number that a double cannot hold."""

    code = "brush-json"


class DepthError(BrushFormatError):
    """JSON nested too deeply."""

    code = "brush-depth"


class DuplicateError(BrushFormatError):
    """A JSON key or a tensor name stands twice."""

    code = "brush-duplicate"


class DocumentError(BrushFormatError):
    """The header carries no brush document."""

    code = "brush-document"


class VersionError(BrushFormatError):
    """A major version of the format that this reader does not know."""

    code = "brush-version"


class FieldError(BrushFormatError):
    """A field of the document is missing, of another type, or out of range."""

    code = "brush-field"


class ContradictionError(BrushFormatError):
    """Fields that are right one by one do not agree with each other."""

    code = "brush-contradiction"


class TensorError(BrushFormatError):
    """An entry of the header, or a name, that is no brush tensor's."""

    code = "brush-tensor"


class DtypeError(BrushFormatError):
    """Tensors are F16 or F32, an instruction's all the same; of a grade F16 is for nodes alone."""

    code = "brush-dtype"


class ShapeError(BrushFormatError):
    """A tensor's shape is not what the document or its own bytes say."""

    code = "brush-shape"


class HoleError(BrushFormatError):
    """Bytes that belong to no tensor."""

    code = "brush-hole"


class OverlapError(BrushFormatError):
    """Bytes that belong to two tensors."""

    code = "brush-overlap"


class TrailingError(BrushFormatError):
    """Bytes after the last tensor."""

    code = "brush-trailing"


class NotFiniteError(BrushFormatError):
    """NaN or infinity among the numbers of a tensor."""

    code = "brush-not-finite"


class ContentHashError(BrushFormatError):
    """The content is not what was hashed when the file was written."""

    code = "brush-content-hash"
