"""The figures on tiny-ip2p's card, measured again from the weights in the package.

    uv run python -m benchmarks.tiny_ip2p edits      # how well it follows instructions
    uv run python -m benchmarks.tiny_ip2p phrases    # how well its CLIP names what changes

Both add to docs/results/tiny-ip2p.json, and print a table. `benchmarks.study` adds what brushes
reach on edits that it was not trained on, and on photographs.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.results import command, note, run
from brushctl.bench.effects import TABLE_3, draw_effects
from brushctl.bench.metrics import Pixels, psnr
from brushctl.engine.brush.instruction import from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.model.find import EMBEDDED, find
from brushctl.engine.phrases.clip import Clip, default_clip, load_clip
from brushctl.engine.phrases.unique_phrase import Phrasing, find_phrase, vocabulary_of
from brushctl.engine.sampler import Editor
from brushctl.tiny.train.photographs import photographs
from brushctl.tiny.world.edits import EDITS, Edit, draw_pair
from brushctl.tiny.world.pictures import draw_picture

SEED = 987_654
GRID = (Scales(1, 1), Scales(1.5, 1), Scales(2, 1), Scales(1, 1.2))
STEPS = (1, 2, 5, 10, 20)
"""Numbers of sampling steps that are compared, on one picture of each edit."""


def through_autoencoder(base: BaseModel, pictures: list[np.ndarray]) -> float:
    """Mean PSNR of D(E(x))."""
    null = from_text(base, "")
    with Editor(base, null, scales=Scales(1, 1), steps=1, seed=0) as editor:
        return float(np.mean([psnr(editor.edit([x])[0].before, x) for x in pictures]))


def followed(
    base: BaseModel, edit: Edit, n: int, scales: Scales, *, steps: int, seed: int = SEED
) -> tuple[float, float, float]:
    """What `measured` measures of a base under a guidance."""

    def edited(pixels: Pixels, words: str) -> Pixels:
        instruction = from_text(base, words)
        with Editor(base, instruction, scales=scales, steps=steps, seed=0) as editor:
            return editor.edit([pixels])[0].after

    return measured(edited, edit, n, seed)


def measured(
    edited: Callable[[Pixels, str], Pixels], edit: Edit, n: int, seed: int = SEED
) -> tuple[float, float, float]:
    """Mean over n test pictures: doing nothing, the text, the text inside the edit's mask.

    Args:
        edited: edits a picture from words.
        edit: draws the test pictures.
        n: how many.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        pair = edit.make(rng, 64)
        after = edited(pair.before.pixels, pair.instruction)
        truth, inside = pair.after.pixels, pair.mask
        region = psnr(after[inside], truth[inside]) if inside.any() else np.nan
        rows.append((psnr(pair.before.pixels, truth), psnr(after, truth), region))
    return tuple(float(x) for x in np.nanmean(rows, 0))


def best_scales(base: BaseModel, edit: Edit) -> Scales:
    """The guidance at which the text comes closest to an edit, told from pictures of its own."""
    steps = base.defaults.steps
    return max(GRID, key=lambda s: followed(base, edit, 3, s, steps=steps, seed=SEED + 1)[1])


def means(table: Mapping[str, tuple[float, float, float]]) -> dict[str, float]:
    """Of what `measured` measured of each edit: of those of the whole picture and of one thing."""

    def mean(scope: str, column: int) -> float:
        rows = [table[k][column] for k, e in EDITS.items() if e.scope == scope and k != "nothing"]
        return round(float(np.mean(rows)), 2)

    return {
        "nothing_psnr_global": mean("global", 0),
        "text_psnr_global": mean("global", 1),
        "nothing_psnr_local": mean("local", 0),
        "text_psnr_local": mean("local", 1),
        "text_psnr_local_inside_mask": mean("local", 2),
        "null_psnr": round(table["nothing"][1], 2),
    }


def edits(arguments: Sequence[str]) -> None:
    """How well tiny-ip2p follows instructions, and what its autoencoder loses.

    Scenes are drawn from a seed that training never used. Text is the world's own instruction for
    each edit, in the base's default steps, at the guidance that is best for the edit on other
    pictures. All figures are PSNR in dB unless said.
    """
    options = argparse.ArgumentParser(description=edits.__doc__)
    options.add_argument("-n", type=int, default=8, help="test pictures for each edit")
    n = options.parse_args(arguments).n
    base = open_base(None, torch.device("cpu"), torch.float32)
    rng = np.random.default_rng(SEED)
    world = [draw_picture(rng, 64).pixels for _ in range(100)]
    photos = [p.astype(np.float32) / 255 for p in photographs()]
    scales, table, by_steps = {}, {}, {}
    for name, edit in EDITS.items():
        scales[name] = best_scales(base, edit)
        table[name] = followed(base, edit, n, scales[name], steps=base.defaults.steps)
        guidance = f"{scales[name].s_T} {scales[name].s_I}"
        figures = (f"{x:6.2f}" for x in table[name])
        print(f"{name:12} {edit.scope:7}", *figures, guidance, flush=True)

    for steps in STEPS:
        every = [followed(base, e, 1, scales[k], steps=steps)[1] for k, e in EDITS.items()]
        by_steps[f"text_psnr_{steps}_steps"] = round(float(np.mean(every)), 2)

    files = [f for f in EMBEDDED.rglob("*") if f.is_file()]
    card = {
        "command": command(),
        "vae_psnr_world": round(through_autoencoder(base, world), 2),
        "vae_psnr_photos": round(through_autoencoder(base, photos), 2),
        **means(table),
        **by_steps,
        "weights_mb": round(sum(f.stat().st_size for f in files) / 1e6, 1),
    }
    note(base.model_sha256, card)
    print(json.dumps(card, indent=2))


SEEDS = (0, 1, 2)
PICTURES = 1000
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


def first_phrases(clip: Clip, vocabulary: Sequence[str]) -> tuple[float, float]:
    """How test pictures' phrases rank in the vocabulary.

    The share of pictures whose first phrase is true of them, and the share of their true phrases
    that rank before every phrase that is not.
    """
    rng = np.random.default_rng(SEED)
    edited = [draw_pair(rng, clip.side).after for _ in range(PICTURES)]
    drawn = [picture for picture in edited if picture.phrases]  # nothing is said of textures
    features = clip.encode_images([picture.pixels for picture in drawn])
    scores = features @ clip.encode_texts(vocabulary).T  # (pictures, phrases)
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


def phrases(arguments: Sequence[str]) -> None:
    """Whether unique-phrase extraction (section 4.2) names what changes, on the 25 effects.

    The project's own small CLIP and its vocabulary; the ten training pairs of each effect of
    TOP-Bench mini, drawn from the default seed and from two more. An effect is right if both of its
    phrases are those that are true of its pictures, or there is rightly none: pictures of all kinds
    have nothing in common that an effect like `midnight` could take away.
    """
    argparse.ArgumentParser(description=phrases.__doc__).parse_args(arguments)
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
    first, before_all = first_phrases(clip, vocabulary)
    print(f"first phrase true of {first:.3f} of pictures; {before_all:.3f} of phrases before all")
    card = {
        "phrase_effects_right": counts[0],
        "phrase_effects_right_other_seeds": counts[1:],
        "clip_first_phrase_true": round(first, 3),
        "clip_true_phrases_before_all_others": round(before_all, 3),
        "phrase_command": command(),
    }
    note(find(None).model_sha256, card)


COMMANDS = {"edits": edits, "phrases": phrases}


def main() -> None:
    """Run the one that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
