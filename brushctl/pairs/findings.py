"""What may be amiss with pairs, and what that means for learning."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is about."""

    unreadable = "unreadable"
    aspect = "aspect"
    size = "size"
    turned = "turned"
    shifted = "shifted"
    scene = "scene"
    identical = "identical"
    swapped = "swapped"
    outlier = "outlier"
    duplicate = "duplicate"
    coarse = "coarse"
    flat = "flat"
    few = "few"


class Severity(StrEnum):
    """What a finding means for learning: it cannot go on, should not, or may."""

    error = "error"
    warning = "warning"
    note = "note"


SEVERITY = {
    Kind.unreadable: Severity.error,
    Kind.aspect: Severity.error,
    Kind.size: Severity.note,
    Kind.turned: Severity.error,
    Kind.shifted: Severity.warning,
    Kind.scene: Severity.warning,
    Kind.identical: Severity.error,
    Kind.swapped: Severity.warning,
    Kind.outlier: Severity.warning,
    Kind.duplicate: Severity.warning,
    Kind.coarse: Severity.note,
    Kind.flat: Severity.warning,
    Kind.few: Severity.note,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about the pairs.

    Attributes:
        kind: what it is about.
        pair: the name of the pair, None if it is about all of them.
        what: what is the matter, a clause.
        do: what the user can do, an imperative sentence.
    """

    kind: Kind
    pair: str | None
    what: str
    do: str

    @property
    def severity(self) -> Severity:
        """How serious it is."""
        return SEVERITY[self.kind]

    def to_dict(self) -> dict[str, str | None]:
        """The finding as `--json` prints it."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "pair": self.pair,
            "what": self.what,
            "do": self.do,
        }


def sentence(finding: Finding) -> str:
    """What was found, for people."""
    about = f"pair {finding.pair}: " if finding.pair else ""
    return f"{about}{finding.what}. {finding.do}"
