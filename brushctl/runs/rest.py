"""What lies in the folders of a command line and is no photograph to edit: told in one line."""

from collections import Counter
from dataclasses import dataclass, field

from brushctl.extras import installing
from brushctl.photos.formats import RAW, SUFFIXES

RAW_FILE, HEIC, GIF, OTHER = "raw file", "HEIC file", "GIF", "other file"
"""Kinds of files, in the order in which they are told."""
LISTED = 5
"""Suffixes of one kind that are named: a line is to be read."""


@dataclass(slots=True)
class Rest:
    """What a search of folders has found beside photographs.

    Attributes:
        suffixes: how many files have each, in lower case; hidden files are not counted.
        journals: the folders below those named in which earlier runs have kept a journal.
        results: how many results of these runs were found.
    """

    suffixes: Counter[str] = field(default_factory=Counter)
    journals: list[str] = field(default_factory=list)
    results: int = 0

    def told(self, *, counted: bool = True) -> str:
        """What it is and why it is passed over, for people; nothing where there is none.

        Args:
            counted: say how many there are of each kind.
        """
        parts = []
        for kind in (RAW_FILE, HEIC, GIF, OTHER):
            if found := self._of(kind):
                number = _number(sum(found.values()), kind) if counted else f"{kind}s"
                why = _why(kind, found)
                parts.append(f"{number} ({why})" if why else number)
        if self.results:
            parts.append(f"{_number(self.results, 'result')} of earlier runs (name their folder)")
        return ", ".join(parts)

    @property
    def has_photographs(self) -> bool:
        """Whether there are some that become editable by what is told of them."""
        return bool(self._of(RAW_FILE) or self._of(HEIC))

    def _of(self, kind: str) -> dict[str, int]:
        """The suffixes of a kind, sorted, and how many files have each."""
        return {suffix: n for suffix, n in sorted(self.suffixes.items()) if _kind(suffix) == kind}


def _kind(suffix: str) -> str:
    if suffix in SUFFIXES:  # a photograph that cannot be read here
        return HEIC
    return RAW_FILE if suffix in RAW else GIF if suffix == ".gif" else OTHER


def _why(kind: str, found: dict[str, int]) -> str:
    suffixes = [suffix or "no suffix" for suffix in found]
    named = " ".join([*suffixes[:LISTED], *(["..."] if len(suffixes) > LISTED else [])])
    if kind == GIF:
        return ""
    if kind == HEIC:
        return f"run `{installing('pillow-heif')}`"
    return f"{named}; develop them to TIFF or JPEG first" if kind == RAW_FILE else named


def _number(count: int, one: str) -> str:
    return f"{count} {one}{'s' * (count != 1)}"
