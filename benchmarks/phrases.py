"""Whether unique-phrase extraction (section 4.2) names what changes, on the 25 effects.

    uv run python -m benchmarks.phrases     # a table on stdout, the count into docs/results/

The project's own small CLIP and its vocabulary; the ten training pairs of each effect of TOP-Bench
mini, drawn from the default seed and from two more. An effect is right if both of its phrases are
those that are true of its pictures, or there is rightly none: pictures of all kinds have nothing in
common that an effect like `midnight` could take away.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.card import command, note
from brushctl.bench.effects import TABLE_3, draw_effects
from brushctl.engine.model.base import find
from brushctl.engine.phrases.clip import Clip, default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import Phrasing, find_phrase, vocabulary_of
from brushctl.tiny.world.edits import draw_pair

SEEDS = (0, 1, 2)
PICTURES, PICTURES_SEED = 1000, 987_654
ETAS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Over which the choice of eta is checked."""
TRUE: dict[str, tuple[set[str | None], set[str | None]]] = {
    "boy2girl": ({"a dog", "a boy"}, {"a cat", "a girl"}),
    "midnight": ({None}, {"nighttime"}),
    "sea painting": ({None}, {"a painting"}),
    "sketch style": ({None}, {"a pencil sketch"}),
    "summer": ({None}, {"summer"}),
    "wallpaper": ({None}, {"snow", "winter"}),
    "charcoal": ({None}, {"a charcoal drawing"}),
    "glasses": ({None}, {"glasses"}),
    "painting": ({None}, {"a painting"}),
    "painting snow": ({None, "a painting"}, {"snow", "winter"}),
    "pencil sketch": ({None}, {"a pencil sketch"}),
    "purple": ({"a blue sky"}, {"a purple sky"}),
    "snow": ({None}, {"snow"}),
    "watercolor": ({None}, {"a watercolour painting"}),
    "4dboy": ({"a boy"}, {"a girl"}),
    "apple": ({"peaches"}, {"apples"}),
    "cake": ({"a vanilla cake"}, {"a chocolate cake"}),
    "cloud kitty": ({"a cat"}, {"a bear"}),
    "dog2cat": ({"a dog"}, {"a cat"}),
    "juice": ({"orange juice"}, {"lemonade"}),
    "lava": ({"sea"}, {"lava"}),
    "rain": ({"rain"}, {"snow"}),
    "read books": ({"a newspaper"}, {"a book"}),
    "smile": ({"a serious face"}, {"a smile"}),
    "traffic lights": ({"round traffic lights"}, {"heart traffic lights"}),
}
"""What may be found for each effect, before and after."""


def first(clip: Clip, vocabulary: Sequence[str]) -> tuple[float, float]:
    """How unseen pictures' phrases rank in the vocabulary.

    The share of pictures whose first phrase is true of them, and the share of their true phrases
    that rank before every phrase that is not.
    """
    rng = np.random.default_rng(PICTURES_SEED)
    edited = [draw_pair(rng, clip.side).after for _ in range(PICTURES)]
    drawn = [picture for picture in edited if picture.phrases]  # nothing is said of textures
    seen = clip.encode_images([picture.pixels for picture in drawn])
    scores = seen @ clip.encode_texts(vocabulary).T  # (pictures, phrases)
    best, before_all = [], []
    for row, picture in zip(scores, drawn, strict=True):
        true = np.isin(vocabulary, picture.phrases)
        best.append(true[row.argmax()])
        before_all += list(row[true] > row[~true].max())
    return float(np.mean(best)), float(np.mean(before_all))


def right_about(name: str, found: Phrasing) -> bool:
    """Whether both phrases are true of an effect."""
    both = (c.phrase if c else None for c in (found.unique_before, found.unique_after))
    return all(phrase in true for phrase, true in zip(both, TRUE[name], strict=True))


def main() -> None:
    """Find, judge, print; add the first seed's count to the card's figures."""
    by_eta = dict.fromkeys(ETAS, 0)
    clip = load_clip(default_clip("tiny-ip2p"), torch.device("cpu"))
    vocabulary = vocabulary_of(clip)
    counts = []
    for seed in SEEDS:
        right = 0
        for effect in draw_effects(list(TABLE_3), 64, seed):
            found = find_phrase(clip, *map(list, effect.train), vocabulary)
            x, y = (c.phrase if c else None for c in (found.unique_before, found.unique_after))
            well = right_about(effect.name, found)
            for eta in ETAS:
                by_eta[eta] += right_about(effect.name, replace(found, eta=eta))
            right += well
            if seed == SEEDS[0] or not well:
                print(f"{seed}  {'right' if well else 'WRONG'}  {effect.name:16} {x} -> {y}")
        counts.append(right)
        print(f"{seed}  {right} of {len(TABLE_3)}", flush=True)
    for eta, right in by_eta.items():
        print(f"eta {eta}: {right} of {len(SEEDS) * len(TABLE_3)}")
    pictures, phrases = first(clip, vocabulary)
    print(f"first phrase true of {pictures:.3f} of pictures; {phrases:.3f} of phrases before all")
    figures = {
        "phrase_effects_right": counts[0],
        "phrase_effects_right_other_seeds": counts[1:],
        "clip_first_phrase_true": round(pictures, 3),
        "clip_true_phrases_before_all_others": round(phrases, 3),
        "phrase_command": command(),
    }
    note(find(None).unet_sha256, figures)


if __name__ == "__main__":
    main()
