"""What a photograph says in texts: a PNG's, among which a JPEG's comment is one."""

import contextlib
import zlib

COMMENT = b"Comment"
"""The keyword of a PNG's text that says what a JPEG's comment does."""
Text = tuple[bytes, bytes]
"""A PNG's text: the kind of its chunk, and all that stands in it."""


def as_text(comment: bytes) -> Text:
    """A JPEG's comment as a PNG says it: a JPEG does not tell how its letters are encoded."""
    if not comment.isascii():
        with contextlib.suppress(UnicodeDecodeError):
            comment.decode()
            return b"iTXt", COMMENT + b"\0\0\0\0\0" + comment
    return b"tEXt", COMMENT + b"\0" + comment


def read_text(text: Text, most: int) -> tuple[bytes, bytes]:
    """The keyword of a PNG's text and, up to so many bytes, what it says; nothing if damaged."""
    kind, content = text
    keyword, _, said = content.partition(b"\0")
    packed = kind == b"zTXt"
    if packed:
        said = said[1:]  # the method, of which there is one
    elif kind == b"iTXt":  # two flags, the language, the keyword in that language
        packed, said = said[:1] == b"\1", said[2:].split(b"\0", 2)[-1]
    try:
        return keyword, zlib.decompressobj().decompress(said, most) if packed else said[:most]
    except zlib.error:
        return keyword, b""
