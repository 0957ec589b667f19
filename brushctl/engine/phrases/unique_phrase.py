"""Transformation-oriented initialisation (section 4.2): name what an edit changed.

The phrases most similar to the pictures before the edit form their caption, and likewise after;
the phrase of each caption whose similarity the edit changes most is that set's unique phrase;
"turn <p_x> into <p_y>" is where learning starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from brushctl.engine.phrases.clip import Clip, Features
from brushctl.engine.pixels import FloatImage
from brushctl.errors import PhraseError
from brushctl.events import Reporter, Stage, silent

PHRASES = 5
"""r, the phrases of a caption (section 4.2)."""
ETA = 0.15
"""The least sensitivity of a unique phrase (eq. 7), on the scale of `Phrasing.unit`."""
SHARE = 0.5
"""How sensitive a unique phrase must be, as a share of the other set's: what names one side of a
change moves about as far as what names the other, and what moves less was only carried along."""
COMMENT = "#"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase of a caption.

    Attributes:
        phrase: the words.
        before: mean cosine similarity to the pictures before the edit.
        after: the same after it.
        sensitivity: eq. 6, from the side of the caption's own set, in units of `Phrasing.unit`.
    """

    phrase: str
    before: float
    after: float
    sensitivity: float

    def to_dict(self) -> dict[str, str | float]:
        """The candidate as `--json` prints it."""
        return {
            "phrase": self.phrase,
            "similarity_before": self.before,
            "similarity_after": self.after,
            "sensitivity": self.sensitivity,
        }


@dataclass(frozen=True, slots=True)
class Phrasing:
    """What was found, with everything it was chosen from.

    Attributes:
        before: CAP_x, the r phrases most similar to the pictures before the edit, in that order.
        after: CAP_y, likewise after it.
        eta: the least sensitivity of a unique phrase.
        unit: the cosine difference that counts as a sensitivity of 1: how far the most similar
            phrase of the vocabulary lies above the average one, over both sets. CLIP models
            spread their cosines over very different ranges (some .1 for ViT-L-14), and in this
            unit one eta fits them all.
    """

    before: tuple[Candidate, ...]
    after: tuple[Candidate, ...]
    eta: float
    unit: float

    @property
    def unique_before(self) -> Candidate | None:
        """<p_x> of eq. 7."""
        return self._unique(self.before, self.after)

    @property
    def unique_after(self) -> Candidate | None:
        """<p_y> of eq. 7."""
        return self._unique(self.after, self.before)

    @property
    def phrase(self) -> str | None:
        """The instruction to start from; None if nothing names the result of the edit."""
        x, y = self.unique_before, self.unique_after
        if y is None:
            return None
        return f"turn {x.phrase if x else 'it'} into {y.phrase}"

    def _unique(self, own: tuple[Candidate, ...], other: tuple[Candidate, ...]) -> Candidate | None:
        best, rival = (max(caption, key=lambda c: c.sensitivity) for caption in (own, other))
        return best if best.sensitivity >= max(self.eta, SHARE * rival.sensitivity) else None

    def to_dict(self) -> dict[str, object]:
        """The result as `--json` prints it."""
        x, y = self.unique_before, self.unique_after
        return {
            "phrase": self.phrase,
            "before": x.to_dict() if x else None,
            "after": y.to_dict() if y else None,
            "eta": self.eta,
            "unit": self.unit,
            "candidates": {
                "before": [candidate.to_dict() for candidate in self.before],
                "after": [candidate.to_dict() for candidate in self.after],
            },
        }


def find_phrase(
    clip: Clip,
    before: Sequence[FloatImage],
    after: Sequence[FloatImage],
    vocabulary: Sequence[str],
    *,
    r: int = PHRASES,
    eta: float = ETA,
    report: Reporter = silent,
) -> Phrasing:
    """The phrase that names an edit, from pictures (h, w, 3) before and after it."""
    features = clip_features(clip, before, after, vocabulary, report=report)
    return features.phrasing(r=r, eta=eta)


@dataclass(frozen=True, slots=True)
class ClipFeatures:
    """Pairs and a vocabulary as CLIP sees them.

    Attributes:
        vocabulary: v phrases.
        phrases: (v, d), their features.
        before: (n, d), the pictures before the edit.
        after: (n, d), likewise after it.
    """

    vocabulary: Sequence[str]
    phrases: Features
    before: Features
    after: Features

    def subset(self, pairs: Sequence[int]) -> "ClipFeatures":
        """Some of the pairs, by their places."""
        rows = list(pairs)
        return replace(self, before=self.before[rows], after=self.after[rows])

    def phrasing(self, *, r: int = PHRASES, eta: float = ETA) -> Phrasing:
        """The phrase that names what the pairs change, and what it was chosen from."""
        x, y = (self.phrases @ _mean(side) for side in (self.before, self.after))
        return choose(self.vocabulary, x, y, r=r, eta=eta)


def clip_features(
    clip: Clip,
    before: Sequence[FloatImage],
    after: Sequence[FloatImage],
    vocabulary: Sequence[str],
    *,
    report: Reporter = silent,
) -> ClipFeatures:
    """CLIP's features of pictures (h, w, 3) before and after an edit, and of every phrase."""
    report(Stage("looking at pairs"))
    x, y = clip.encode_images(before), clip.encode_images(after)
    phrases = clip.encode_texts(vocabulary, report=report)
    return ClipFeatures(vocabulary, phrases, x, y)


def choose(
    vocabulary: Sequence[str], before: Features, after: Features, *, r: int, eta: float
) -> Phrasing:
    """Captions and sensitivities from the similarity of each phrase to the two sets, each (v,)."""
    unit = float(np.mean([sim.max() - sim.mean() for sim in (before, after)])) or 1.0

    def caption(own: Features, other: Features) -> tuple[Candidate, ...]:
        best = np.argsort(-own, kind="stable")[:r]
        return tuple(
            Candidate(
                phrase=vocabulary[k],
                before=float(before[k]),
                after=float(after[k]),
                sensitivity=float(own[k] - other[k]) / unit,  # eq. 6
            )
            for k in best
        )

    return Phrasing(caption(before, after), caption(after, before), eta, unit)


def builtin_vocabulary() -> str:
    """The text of the vocabulary that ships with the package."""
    return files("brushctl.engine.phrases").joinpath("vocabulary.txt").read_text(encoding="utf-8")


def vocabulary_of(clip: Clip) -> list[str]:
    """The phrases that a model was trained on, or else the built-in vocabulary."""
    return parse_vocabulary(clip.vocabulary or builtin_vocabulary(), clip.id)


def parse_vocabulary(text: str, where: str) -> list[str]:
    """The phrases of a text, one a line, without blank lines and lines that begin with #.

    Raises:
        PhraseError: there is no phrase in it.
    """
    lines = (" ".join(line.split()) for line in text.splitlines())
    phrases = list(dict.fromkeys(line for line in lines if line and line[0] != COMMENT))
    if not phrases:
        raise PhraseError(
            "the vocabulary has no phrase", where=where, do="Write one phrase on each line."
        )
    return phrases


def _mean(features: Features) -> Features:
    # The mean of cosines is the cosine's product with the mean: it is not brought to length 1.
    return np.asarray(features.mean(0), np.float32)
