"""Whether pairs are fit to be learned from. Loads no model, and no library of models."""

from collections.abc import Generator, Sequence
from pathlib import Path
from shlex import quote

from brushctl.errors import PairsError
from brushctl.events import Event
from brushctl.photos.checking import Finding, Severity, check_pairs
from brushctl.photos.pairs import Pair


def vetted(
    source: Path, pairs: Sequence[Pair], *, align: bool = False
) -> Generator[Event, None, list[Finding]]:
    """Check pairs that are about to be learned from; return what is doubtful.

    Args:
        source: the folder or manifest they were found in.
        pairs: they.
        align: whether shifted pairs will be cropped to what both pictures share.

    Raises:
        PairsError: nothing can be learned from them as they are.
    """
    findings = yield from check_pairs(pairs, align=align)
    if errors := [f for f in findings if f.severity is Severity.error]:
        first, rest = errors[0], len(errors) - 1
        listed = f"brushctl learn {quote(str(source))} --check-only"
        more = f" (and {rest} more: {listed})" if rest else ""
        raise PairsError(first.what + more, where=f"{source}, pair {first.pair}", do=first.do)
    return findings


def sentence(finding: Finding) -> str:
    """What was found, for people."""
    about = f"pair {finding.pair}: " if finding.pair else ""
    return f"{about}{finding.what}. {finding.do}"
