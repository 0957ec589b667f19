"""What a brush does, in a photographer's words, from what its document says of it."""

from collections.abc import Iterator

from brushctl.brushes.graded import GradeInfo, Look, Place, Zone, single_grades
from brushctl.brushes.metadata import HeldOut, Metadata

SEEN = 2.0
"""Change of L*, a* or b* from which on it is seen without comparing."""
NEUTRAL = 1.0
"""Change of a* and b* up to which nobody sees that a grey is not neutral."""
SHARE_SEEN = 0.05
"""Change of contrast or saturation, as a share, from which on it is seen."""
GREY = 0.02
"""Saturation, against before, up to which a picture is black and white."""
STILL_NEUTRAL = "greys stay neutral"
GROUPS = {
    "tones": "follows each picture's own tones",
    "place": "depends on the place in the frame",
    "surroundings": "depends on what is around a pixel",
}


def grade_in_words(metadata: Metadata) -> tuple[str, ...]:
    """What the grade does, in clauses; none of a brush without a grade."""
    if metadata.grade is None:
        return ()
    singles = [single for _, single in single_grades(metadata.grade)]
    networks = [single.network for single in singles if single.network]
    clauses = [
        words
        for group, words in GROUPS.items()
        if any(group in network.groups for network in networks)
    ]
    if metadata.look and not networks:
        clauses += _look(metadata.look)
    elif metadata.look:
        clauses += _of_a_chart(metadata.look)
    if isinstance(metadata.grade, GradeInfo):
        clauses += _kept(metadata.grade)
    return tuple(dict.fromkeys(clauses)) or ("changes colours",)


def grade_in_brief(metadata: Metadata) -> str:
    """What the grade goes by, for a column; empty of a brush without a grade."""
    if metadata.grade is None:
        return ""
    networks = [one.network for _, one in single_grades(metadata.grade) if one.network]
    groups = [group for group in GROUPS if any(group in network.groups for network in networks)]
    return ", ".join(["colours", *groups])


def held_out_in_words(held: HeldOut) -> Iterator[str]:
    """How near the brush comes to edits that it has not seen, in lines."""
    others = {
        "unedited": held.psnr_unedited,
        "grade alone": held.psnr_grade,
        "phrase alone": held.psnr_phrase,
    }
    told = ", ".join(f"{what} {psnr:.1f}" for what, psnr in others.items() if psnr is not None)
    yield f"{held.psnr:.1f} dB ({told}; higher is better)"
    if held.de2000 is not None:
        unedited = "" if held.de2000_unedited is None else f"unedited {held.de2000_unedited:.1f}; "
        yield f"colour difference {held.de2000:.1f} CIEDE2000 ({unedited}lower is better)"


def _of_a_chart(look: Look) -> Iterator[str]:
    """What networks do to a chart: by place, and on average over it."""
    if look.place:
        yield from _places(look.place)
    clauses = list(_look(look))
    if colours := ", ".join(clause for clause in clauses if clause != STILL_NEUTRAL):
        yield f"on average {colours}"
    if STILL_NEUTRAL in clauses:
        yield STILL_NEUTRAL


def _places(place: Place) -> Iterator[str]:
    sides = {
        "edges": (place.edges, "the centre"),
        "top": (place.top, "the bottom"),
        "left": (place.left, "the right"),
    }
    for name, (lightness, other) in sides.items():
        if abs(lightness) >= SEEN:
            word = "lighter" if lightness > 0 else "darker"
            yield f"{name} {word} than {other} by {abs(lightness):.0f}"


def _look(look: Look) -> Iterator[str]:
    zones = {"shadows": look.shadows, "midtones": look.midtones, "highlights": look.highlights}
    if look.saturation <= GREY:
        yield "black and white"
    yield from _lightness(zones)
    if abs(look.contrast - 1) >= SHARE_SEEN:
        yield f"{_more(look.contrast)} contrast"
    yield from _casts(zones)
    if look.saturation > GREY and abs(look.saturation - 1) >= SHARE_SEEN:
        yield f"{_more(look.saturation)} saturation"
    if all(max(abs(zone.warmth), abs(zone.tint)) <= NEUTRAL for zone in zones.values()):
        yield STILL_NEUTRAL


def _more(ratio: float) -> str:
    change = abs(ratio - 1)
    return f"{change:.0%} {'more' if ratio > 1 else 'less'}"


def _lightness(zones: dict[str, Zone]) -> Iterator[str]:
    words = {
        "shadows": ("lifted", "deepened"),
        "midtones": ("lighter", "darker"),
        "highlights": ("raised", "lowered"),
    }
    for name, zone in zones.items():
        if abs(zone.lightness) >= SEEN:
            up, down = words[name]
            yield f"{name} {up if zone.lightness > 0 else down} by {abs(zone.lightness):.0f}"


def _casts(zones: dict[str, Zone]) -> Iterator[str]:
    """The casts of greys: `warmer by 8` where all go one way, else zone by zone."""
    for axis, (above, below) in {
        "warmth": ("warmer", "cooler"),
        "tint": ("more magenta", "greener"),
    }.items():
        changes = {name: getattr(zone, axis) for name, zone in zones.items()}
        for word, sign in ((above, 1), (below, -1)):
            moved = {name: sign * change for name, change in changes.items()}
            seen = {name: change for name, change in moved.items() if change >= SEEN}
            if seen:
                where = "" if min(moved.values()) > 0 else f" {' and '.join(seen)}"
                yield f"{word}{where} by {max(seen.values()):.0f}"


def _kept(grade: GradeInfo) -> Iterator[str]:
    if grade.kept.nothing_but_greys:
        yield "black and white"
    if grade.kept.greys:
        yield STILL_NEUTRAL
    if grade.kept.black:
        yield "black stays black"
    if grade.kept.white:
        yield "white stays white"
