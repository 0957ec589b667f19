"""`python -m brushctl.tiny.train PART`: train a part of tiny-ip2p or tiny-dit, or go on with it."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from brushctl.errors import BrushctlError, UsageError


class Part(StrEnum):
    """The parts of tiny-ip2p in the order in which they are trained, then tiny-dit on them."""

    vae = "vae"
    unet = "unet"
    decoder = "decoder"
    clip = "clip"
    dit = "dit"


STEPS = {Part.vae: 6000, Part.unet: 9000, Part.decoder: 2500, Part.clip: 2400, Part.dit: 9000}
DETAILED = 4000
"""Pictures without words for the autoencoder."""
RATES = {Part.vae: 2e-3, Part.unet: 1e-3, Part.decoder: 1e-3, Part.clip: 1e-3, Part.dit: 2e-3}


def main(
    part: Annotated[Part, typer.Argument(help="The part to train.")],
    work: Annotated[Path, typer.Option(help="Checkpoints, logs and drawn pairs.")] = Path("work"),
    out: Annotated[
        Path, typer.Option(help="Where the trained parts are written, and found by later ones.")
    ] = Path("work/weights"),
    start: Annotated[
        Path | None,
        typer.Option(
            help="A base model to begin with; its CLIP begins afresh. tiny-dit takes its "
            "autoencoder and text encoder, from the embedded one by default."
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimisation steps.")] = None,
    rate: Annotated[float | None, typer.Option(help="The highest learning rate.")] = None,
    pairs: Annotated[int, typer.Option(help="Training pairs, a multiple of 500.")] = 60_000,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Fixes every draw.")] = 0,
) -> None:
    """Train one part from nothing or `--start`, or resume it from its checkpoint."""
    from brushctl.engine.devices import resolve_device
    from brushctl.tiny.train.data import detail_set, pair_set
    from brushctl.tiny.train.loop import Run
    from brushctl.tiny.train.photographs import photographs
    from brushctl.tiny.train.pictures import Pictures

    run = Run(work / part, steps or STEPS[part], rate or RATES[part], resolve_device(device), seed)
    first = 1000 * (seed + 1)  # of the seeds of blocks
    train = pair_set(work / "data", pairs, first)
    held_out = pair_set(work / "data", 500, seed=0)

    def pictures() -> Pictures:
        detail = detail_set(work / "data", DETAILED, first)
        return Pictures(train, detail, held_out, photographs())

    if part is Part.vae:
        from brushctl.tiny.train.vae import train_vae

        train_vae(run, pictures(), out / "vae", start and start / "vae")
    elif part is Part.unet:
        from brushctl.tiny.train.unet import train_unet

        train_unet(run, train, held_out, out, start)
    elif part is Part.decoder:
        from brushctl.tiny.train.decoder import train_decoder

        if start is None:
            raise UsageError("there is no decoder to tune", do="Name the base model with --start.")
        train_decoder(run, pictures(), out / "vae", start)
    elif part is Part.clip:
        from brushctl.tiny.train.clip import train_clip

        train_clip(run, train, held_out, out)
    else:
        from brushctl.engine.model.find import EMBEDDED
        from brushctl.tiny.train.dit import train_dit

        run = replace(run, warmup=50, checkpoint_every=100, steady=0.8)
        train_dit(run, train, held_out, start or EMBEDDED, out / "dit")


if __name__ == "__main__":
    try:
        typer.run(main)
    except BrushctlError as error:
        raise SystemExit(f"error: {error}") from None
