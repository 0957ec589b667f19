"""`python -m brushctl.tiny.train PART`: train one part of tiny-ip2p, or go on where it stopped."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Part(StrEnum):
    """The parts, in the order in which they are trained."""

    vae = "vae"
    unet = "unet"
    grown = "grown"
    """The U-Net again, with attention at its first level."""
    clip = "clip"


STEPS = {Part.vae: 4500, Part.unet: 4500, Part.grown: 2400, Part.clip: 2400}
RATES = {Part.vae: 2e-3, Part.unet: 1e-3, Part.grown: 1e-3, Part.clip: 1e-3}


def main(
    part: Annotated[Part, typer.Argument(help="The part to train.")],
    work: Annotated[Path, typer.Option(help="Checkpoints, logs and drawn pairs.")] = Path("work"),
    out: Annotated[
        Path, typer.Option(help="Where the trained parts are written, and found by later ones.")
    ] = Path("work/weights"),
    steps: Annotated[int | None, typer.Option(help="Optimisation steps.")] = None,
    pairs: Annotated[int, typer.Option(help="Training pairs, a multiple of 500.")] = 60_000,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Fixes every draw.")] = 0,
) -> None:
    """Train one part of tiny-ip2p from nothing, or resume it from its checkpoint."""
    import torch

    from brushctl.tiny.train.data import pair_set
    from brushctl.tiny.train.loop import Run
    from brushctl.tiny.train.photographs import photographs

    run = Run(work / part, steps or STEPS[part], RATES[part], torch.device(device), seed)
    train = pair_set(work / "data", pairs, seed=1000)
    held_out = pair_set(work / "data", 500, seed=0)
    if part is Part.vae:
        from brushctl.tiny.train.vae import train_vae

        train_vae(run, train, held_out, photographs(), out / "vae")
    elif part in (Part.unet, Part.grown):
        from brushctl.tiny.train.unet import train_unet

        small = work / Part.unet / "checkpoint.pt" if part is Part.grown else None
        train_unet(run, train, held_out, out, small=small)
    else:
        from brushctl.tiny.train.clip import train_clip

        train_clip(run, train, held_out, out)


if __name__ == "__main__":
    typer.run(main)
