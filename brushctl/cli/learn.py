"""`brushctl learn`: make a brush out of before/after pairs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brushctl.brushes.cache import destination, store
from brushctl.cli.arguments import Base, Device, Dtype, Json, Overwrite, Pairs, Quiet, Seed
from brushctl.cli.checks import checked, show_checks
from brushctl.cli.output import follow, print_json, say
from brushctl.errors import UsageError
from brushctl.settings import INSTRUCT_PIX2PIX, TINY

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.engine.base import BaseModel
    from brushctl.engine.making import Start
    from brushctl.photos.pairs import Pair


def learn(
    pairs: Pairs,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The new brush: a name or a file.")
    ] = None,
    base: Base = None,
    recipe: Annotated[str, typer.Option(help="How it is learned: default, or paper.")] = "default",
    phrase: Annotated[
        str | None, typer.Option(help="Start from these words, not from those CLIP finds.")
    ] = None,
    no_phrase: Annotated[
        bool, typer.Option("--no-phrase", help="Start from the empty instruction.")
    ] = False,
    align: Annotated[
        bool, typer.Option("--align", help="Crop shifted pairs to what both pictures share.")
    ] = False,
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Check the pairs, and learn nothing.")
    ] = False,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn an edit from pictures before and after it, and keep it as a brush.

    Five to ten pairs of different scenes teach the edit and not the scene. They are checked
    before anything heavy begins.
    """
    from brushctl.photos.pairs import find_pairs

    if phrase is not None and no_phrase:
        raise UsageError("--phrase and --no-phrase contradict each other")
    if check_only:
        show_checks(find_pairs(pairs), json=json, quiet=quiet)
        return
    if output is None:
        raise UsageError("the new brush has no name", do="Add -o NAME.")
    target = destination(output, overwrite=overwrite)
    found = find_pairs(pairs)
    checked(pairs, found, align=align, quiet=quiet)

    if base is None and not quiet:
        say(f"base model: {TINY}, to try things out; --base {INSTRUCT_PIX2PIX} for real work")

    from brushctl.brushes.file import encode_brush
    from brushctl.cli.stamp import today, tool
    from brushctl.engine.base import open_base
    from brushctl.engine.device import resolve_device, resolve_dtype
    from brushctl.engine.making import Label, Start, make_brush
    from brushctl.engine.recipes import recipe_called
    from brushctl.photos.pairs import load_pairs, pair_sha256

    chosen, place = recipe_called(recipe), resolve_device(device)
    model = open_base(base, place, resolve_dtype(dtype, place))
    if no_phrase or phrase is not None:
        start = Start(phrase)
    else:
        start = _found_start(found, model, align=align, quiet=quiet)
    before, after = load_pairs(found, model.resolution, align=align)
    work = make_brush(
        model,
        before,
        after,
        start=start,
        recipe=chosen,
        seed=seed,
        label=Label(target.stem, today(), tool()),
        pair_hashes=[pair_sha256(pair) for pair in found],
    )
    brush = follow(work, quiet=quiet)
    path = store(encode_brush(brush), output, overwrite=overwrite)
    if json:
        print_json({"brush": target.stem, "path": str(path), "metadata": brush.metadata.to_dict()})
    elif not quiet:
        say(_summary(brush, path))


def _found_start(
    pairs: "Sequence[Pair]", model: "BaseModel", *, align: bool, quiet: bool
) -> "Start":
    """The phrase that names what the pairs change, as CLIP sees them."""
    from brushctl.engine.clip import default_clip, load_clip
    from brushctl.engine.making import find_start
    from brushctl.photos.pairs import load_pairs

    clip = load_clip(default_clip(model.id), model.device)
    before, after = load_pairs(pairs, clip.side, align=align)
    start = follow(find_start(clip, list(before), list(after)), quiet=quiet)
    if not quiet:
        say(f"initial phrase: {start.phrase or 'none names this edit'}")
    return start


def _summary(brush: "Brush", path: Path) -> str:
    training = brush.metadata.training
    assert training is not None
    first, last = (sum(x) / len(x) for x in (training.loss_first, training.loss_last))
    return (
        f"learned {brush.metadata.name} from {len(training.pairs_sha256)} pairs: "
        f"loss {first:.4f} -> {last:.4f}\n{path}\n"
        f"brushctl apply {brush.metadata.name} PHOTOS -o EDITED repeats it"
    )
