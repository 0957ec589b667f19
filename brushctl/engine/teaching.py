"""Learning as one call: from a folder of pairs to a brush, for programs."""

from pathlib import Path

from brushctl.brushes import limits
from brushctl.brushes.fields import as_usage_errors, label, line
from brushctl.brushes.file import Brush
from brushctl.brushes.provenance import Stamp
from brushctl.engine.devices import learning_dtype, resolve_device
from brushctl.engine.model.base import open_base
from brushctl.engine.phrases.clip import default_clip, load_clip
from brushctl.engine.training.make_brush import Start, find_start, make_brush
from brushctl.engine.training.recipes import recipe_called
from brushctl.errors import UsageError
from brushctl.events import Reporter, Warned, silent
from brushctl.settings import LARGEST_SEED


def learn(
    pairs: str | Path,
    *,
    name: str,
    base: str | None = None,
    phrase: str | None = None,
    recipe: str = "default",
    held_out: int | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str | None = None,
    report: Reporter = silent,
) -> Brush:
    """Learn a brush from pairs of pictures, as `brushctl learn` does: checked, and some held out.

    Of how good it is the brush says nothing; `brushctl learn` edits the held-out pairs with it.

    Args:
        pairs: a folder or a manifest, in any layout that `brushctl learn` reads.
        name: the brush's own name.
        base: a base model; None for tiny-ip2p.
        phrase: the words to start from; None to let CLIP find them, "" to start from none.
        recipe: `default` or `paper`.
        held_out: pairs that, with `default`, only decide when to stop; None for one in six, and
            with `paper` for none.
        seed: fixes every draw.
        device: `auto`, `cpu`, `cuda`, `mps`.
        dtype: the number format of the frozen model; None for the device's own.
        report: called with every event of the work; what is doubtful about the pairs is a `Warned`.

    Raises:
        BrushFormatError: a brush can bear no such name or phrase.
        PairsError: the pairs cannot be found or told apart, a picture cannot be read, the check
            finds that nothing can be learned from them, or none would be left to learn from.
        PhotoError: a picture could be read when the pairs were checked, and then no more.
        PhraseError: the phrase is longer than the base model reads.
        UsageError: there is no such recipe, or a brush cannot hold the seed or so many pairs.
        BaseModelError: the base model or CLIP is not on this machine.
        DeviceError: the device is not on this machine, or the number format is no such or float16.
        DeviceMemoryError: its memory does not suffice.
    """
    from brushctl.pairs.check import sentence, vetted
    from brushctl.pairs.find import find_pairs, hold_out
    from brushctl.pairs.load import load_pairs, pair_sha256

    label(name, "name")
    line(phrase or "", "phrase")
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"a seed is a whole number from 0 to {LARGEST_SEED}", where=f"seed {seed}")
    place = resolve_device(device)
    number_format = learning_dtype(dtype, place)
    how, found = recipe_called(recipe), find_pairs(Path(pairs))
    kept_back = how.spared(len(found)) if held_out is None else held_out
    learned_from, unseen = hold_out(found, kept_back, seed)
    with as_usage_errors():
        limits.pairs(len(learned_from), "pairs to learn from")
    for finding in vetted(Path(pairs), found, report=report):
        report(Warned(sentence(finding)))
    model = open_base(base, place, number_format)
    start = Start(phrase or None)
    if phrase is None:
        clip = load_clip(default_clip(model.id), place)
        before, after = load_pairs(learned_from, clip.side)
        start = find_start(clip, list(before), list(after), report=report)
    before, after = load_pairs(learned_from, model.resolution)
    return make_brush(
        model,
        before,
        after,
        start=start,
        recipe=how.fitted(len(learned_from)),
        seed=seed,
        stamp=Stamp.today(name),
        pair_hashes=[pair_sha256(pair) for pair in learned_from],
        held_out=load_pairs(unseen, model.resolution) if unseen else None,
        report=report,
    )
