"""Are these pairs fit to learn from? Looked at before any model loads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import numpy as np

from brushctl.errors import PairsError, PhotoError
from brushctl.events import Advance, Message, Reporter, Stage, Warned, silent
from brushctl.pairs.align import aligned, measure_likeness, measure_shift, measure_turn
from brushctl.pairs.coarse import saved_coarsely
from brushctl.pairs.consistency import SIDE, PairSums, find_outliers, sums_of
from brushctl.pairs.find import Pair
from brushctl.pairs.findings import Finding, Kind, Severity, sentence
from brushctl.photos.icc import Pixels
from brushctl.photos.photo import Photo, check_seen, open_photo, resize

SAME_ASPECT = 0.01
"""Two aspects this close, as a share, are one: rounding of export sizes stays below."""
SAME_ON_AVERAGE, SAME_ANYWHERE = 1.5 / 255, 8 / 255
"""Differences at 64 x 64 pixels that saving as a JPEG of quality 90 or more makes at most (seven
photographs: 1.4 and 7.4)."""
SAME_PICTURE = 3 / 255
"""Mean difference of two 16-pixel thumbnails of one picture, saved twice."""
STRANGE = 0.2
"""Outlines that agree less are of two scenes, whatever the edit."""
LIKE_OTHERS, SHARE_OF_OTHERS = 0.5, 1 / 3
"""Where those of three in four other pairs agree by `LIKE_OTHERS` or more, outlines of two scenes
are also those that agree less than this share of that.
Of 192 pairs of eight photographs under 24 edits none is suspected wrongly, nor of 203 pairs under
looks that redraw outlines, nor of 750 drawn pairs, most of them edits of content. Of after-pictures
of another photograph nineteen in twenty are found, and nine in ten where the pair is alone; of the
drawn ones, which look more alike, more than half."""
FLAT = 8 / 255
"""What noise and a JPEG make of one colour at 64 x 64 pixels, at most."""
FEW = 4
"""Fewer pairs teach what is in the pictures along with the edit."""


@dataclass(frozen=True, slots=True, eq=False)
class _ComparedPair:
    """What is kept of a pair after its full-size pixels are gone.

    Attributes:
        name: the pair's.
        thumbnail: (16, 16, 3) of the original.
        forward: the change from before to after.
        reverse: the change from after to before.
        identical: whether the edit changed nothing.
        flat: whether the original is of one colour.
        shifted: whether its pixels do not lie on each other, so that its change tells nothing.
        likeness: how much its outlines agree; None where nothing can be recognised.
    """

    name: str
    thumbnail: Pixels
    forward: PairSums
    reverse: PairSums
    identical: bool
    flat: bool
    shifted: bool
    likeness: float | None


def check_pairs(
    pairs: Sequence[Pair], *, align: bool = False, report: Reporter = silent
) -> list[Finding]:
    """Everything that is amiss with the pairs, in their order, then with their set.

    Args:
        pairs: they.
        align: whether shifted pairs will be cropped to what both pictures share; they are then
            looked at as cropped.
        report: is told how far it has come.
    """
    findings: list[Finding] = []
    compared: list[_ComparedPair] = []
    report(Stage("checking pairs", total=len(pairs)))
    for k, pair in enumerate(pairs, 1):
        try:
            photos = _opened(pair.before), _opened(pair.after)
            before, after = (photo.pixels for photo in photos)
        except PhotoError as error:
            do = "Replace or remove the pair."
            findings.append(Finding(Kind.unreadable, pair.name, f"{error.where}: {error.what}", do))
        else:
            amiss = {finding.kind: finding for finding in _faults(pair.name, before, after)}
            if how := saved_coarsely(*photos):
                do = "Save it with all its colours, as a PNG, a TIFF or a JPEG of quality 90."
                amiss[Kind.coarse] = Finding(Kind.coarse, pair.name, how, do)
            if align and Kind.shifted in amiss:
                del amiss[Kind.shifted]
                before, after = aligned(before, after)
            findings += amiss.values()
            if not amiss.keys() & {Kind.aspect, Kind.turned}:
                shifted = Kind.shifted in amiss
                compared.append(_compared(pair.name, before, after, shifted=shifted))
        report(Advance(k, pair.name))
    strange = _strange(compared)
    alike = [pair for pair in compared if pair not in strange]
    findings += [*_other_scenes(strange), *_identical(alike), *_flat(alike)]
    findings += _duplicates(compared)
    findings += _outliers(alike)
    if len(pairs) < FEW:
        findings.append(
            Finding(
                Kind.few,
                None,
                f"there {'is one pair' if len(pairs) == 1 else f'are {len(pairs)} pairs'}",
                "Add some if you can: five to ten pairs of different scenes teach the edit, "
                "and not the scene.",
            )
        )
    return findings


def _opened(path: Path) -> Photo:
    check_seen((photo := open_photo(path)).size, str(path))
    return photo


def _faults(name: str, before: Pixels, after: Pixels) -> Iterable[Finding]:
    (h, w), (h2, w2) = before.shape[:2], after.shape[:2]
    sizes = f"{w} x {h} before and {w2} x {h2} after"
    on_side = abs(w * w2 / (h * h2) - 1) <= SAME_ASPECT
    one_shape = abs(w * h2 / (h * w2) - 1) <= SAME_ASPECT
    if (one_shape or on_side) and (how := measure_turn(before, after)):
        yield Finding(
            Kind.turned,
            name,
            f"the edited picture is {how}, and its original is not",
            "Turn one of them, so that both show the same scene the same way round.",
        )
        return
    if not one_shape:
        yield Finding(
            Kind.aspect,
            name,
            f"the two pictures have different shapes, {sizes}",
            "Crop the original as the edited picture was cropped.",
        )
        return
    if (h, w) != (h2, w2):
        yield Finding(
            Kind.size,
            name,
            f"the two pictures have different sizes, {sizes}",
            "You need do nothing: learn shrinks the larger to the size of the smaller.",
        )
    if shift := measure_shift(before, after):
        yield Finding(
            Kind.shifted,
            name,
            f"the edited picture is shifted by {_described(*shift)}",
            "Use --align, which crops both to what they share.",
        )


def _described(down: int, right: int) -> str:
    parts = []
    if right:
        parts.append(f"{abs(right)} px to the {'right' if right > 0 else 'left'}")
    if down:
        parts.append(f"{abs(down)} px {'down' if down > 0 else 'up'}")
    return " and ".join(parts)


def _compared(name: str, before: Pixels, after: Pixels, *, shifted: bool) -> _ComparedPair:
    x, y = (resize(pixels, (SIDE, SIDE)) for pixels in (before, after))
    change = np.abs(x - y).mean(2)
    return _ComparedPair(
        name=name,
        thumbnail=resize(x, (16, 16)),
        forward=sums_of(x, y),
        reverse=sums_of(y, x),
        identical=bool(change.mean() < SAME_ON_AVERAGE and change.max() < SAME_ANYWHERE),
        flat=bool(np.ptp(x, axis=(0, 1)).max() < FLAT),
        shifted=shifted,
        likeness=measure_likeness(x, y),
    )


def _strange(pairs: list[_ComparedPair]) -> list[_ComparedPair]:
    """Those whose after-picture is of another scene."""
    lying = [pair for pair in pairs if pair.likeness is not None and not pair.shifted]
    likeness = np.array([pair.likeness for pair in lying])
    strange = []
    for k, pair in enumerate(lying):
        others = np.delete(likeness, k)
        usual = float(np.quantile(others, 0.25)) if len(others) else 0.0
        limit = max(STRANGE, SHARE_OF_OTHERS * usual if usual >= LIKE_OTHERS else 0.0)
        if likeness[k] < limit:
            strange.append(pair)
    return strange


def _other_scenes(strange: list[_ComparedPair]) -> Iterable[Finding]:
    for pair in strange:
        yield Finding(
            Kind.scene,
            pair.name,
            "before and after show different scenes, or different parts of one",
            "Put the right picture in its place, or remove the pair.",
        )


def _identical(pairs: list[_ComparedPair]) -> Iterable[Finding]:
    for pair in pairs:
        if pair.identical:
            yield Finding(
                Kind.identical,
                pair.name,
                "before and after are the same picture",
                "Replace the edited file, or remove the pair.",
            )


def _flat(pairs: list[_ComparedPair]) -> Iterable[Finding]:
    for pair in pairs:
        if pair.flat and not pair.identical:
            yield Finding(
                Kind.flat,
                pair.name,
                "its original has one colour only, and teaches nothing about others",
                "Use a photograph with many colours.",
            )


def _duplicates(pairs: list[_ComparedPair]) -> Iterable[Finding]:
    for k, pair in enumerate(pairs):
        for other in pairs[:k]:
            if np.abs(pair.thumbnail - other.thumbnail).mean() < SAME_PICTURE:
                yield Finding(
                    Kind.duplicate,
                    pair.name,
                    f"it shows the same original as {other.name}",
                    "Remove one of the two: it teaches nothing new.",
                )
                break


def _outliers(pairs: list[_ComparedPair]) -> Iterable[Finding]:
    edited = [pair for pair in pairs if not (pair.identical or pair.shifted)]
    for outlier in find_outliers(
        [pair.forward for pair in edited], [pair.reverse for pair in edited]
    ):
        name = edited[outlier.index].name
        if outlier.swapped:
            yield Finding(
                Kind.swapped,
                name,
                "its change is the reverse of the others'",
                "Exchange its two files, if before and after are mixed up.",
            )
        else:
            yield Finding(
                Kind.outlier,
                name,
                f"its edit fits the others less well: {outlier.error:.0%} of its change differs, "
                f"of theirs {outlier.usual:.0%}",
                "Look at it, and remove it if you edited it differently.",
            )


def require_sound(
    source: Path, pairs: Sequence[Pair], *, align: bool = False, report: Reporter = silent
) -> None:
    """Check pairs that are about to be learned from; report what is doubtful.

    Args:
        source: the folder or manifest they were found in.
        pairs: they.
        align: whether shifted pairs will be cropped to what both pictures share.
        report: is told how far it has come, then of each finding.

    Raises:
        PairsError: nothing can be learned from them as they are.
    """
    findings = check_pairs(pairs, align=align, report=report)
    if errors := [f for f in findings if f.severity is Severity.error]:
        first, rest = errors[0], len(errors) - 1
        listed = f"brushctl learn {quote(str(source))} --check-only"
        more = f" (and {rest} more: {listed})" if rest else ""
        raise PairsError(first.what + more, where=f"{source}, pair {first.pair}", do=first.do)
    for finding in findings:
        if finding.severity is Severity.warning:
            report(Warned(sentence(finding)))
        else:
            report(Message(f"{finding.severity}: {sentence(finding)}"))
