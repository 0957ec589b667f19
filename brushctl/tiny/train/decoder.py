"""The decoder of tiny-ip2p, tuned alone at the end: latents, U-Net and brushes stay as they are.

A decoder that has seen true latents only makes the most of their detail, and as much of the U-Net's
errors. This one sees what the U-Net makes, too.
"""

from itertools import chain
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionInstructPix2PixPipeline
from torch import nn

from brushctl.engine.model.fingerprint import digest_of_modules
from brushctl.tiny.train.data import PairSet
from brushctl.tiny.train.loop import Run, digest, keep_sheet, optimise, save_whole
from brushctl.tiny.train.pictures import Pictures, to_model
from brushctl.tiny.train.unet import followed, sampled
from brushctl.tiny.train.vae import reconstruction_loss

EACH = 4
"""Pictures of each kind in a batch: of the world, full of detail, and made by the U-Net."""
EDITED = 3000
"""Pairs that the U-Net edits, from their words."""


def train_decoder(run: Run, pictures: Pictures, out: Path, start: Path) -> None:
    """Tune the decoder of the base model in `start`; save its autoencoder to `out`."""
    pipe = StableDiffusionInstructPix2PixPipeline.from_pretrained(start, safety_checker=None)
    pipe.to(device=run.device, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    vae, train = pipe.vae, pictures.train
    vae.requires_grad_(False)
    vae.decoder.requires_grad_(True)
    vae.post_quant_conv.requires_grad_(True)
    models = digest_of_modules([vae, pipe.unet, pipe.text_encoder])
    read = digest(chain(pictures.contents(), [models.encode()]))
    edited = _edited(run, pipe, train, read)

    def loss(g: torch.Generator) -> torch.Tensor:
        true = to_model(pictures.drawn(g, EACH, EACH), run.device)
        index = torch.randint(len(edited), (EACH,), generator=g)
        meant = to_model(train.after[: len(edited)][index.numpy()], run.device)
        z = torch.cat([vae.encode(true).latent_dist.mean, edited[index].to(true)])
        return reconstruction_loss(vae.decode(z).sample.float(), torch.cat([true, meant]))

    def report(average: nn.Module, step: int) -> dict[str, float]:
        pipe.vae = average
        figures, rows = followed(pipe, pictures.held_out)
        pipe.vae = vae
        keep_sheet(run, step, rows)
        return pictures.fidelity(average, run.device) | figures

    average = optimise(vae, loss, run, report, [read.encode()])
    assert isinstance(average, AutoencoderKL)
    average.to(torch.float16).save_pretrained(out)


def _edited(
    run: Run, pipe: StableDiffusionInstructPix2PixPipeline, pairs: PairSet, read: str
) -> torch.Tensor:
    """What the U-Net makes of the first pairs: (n, 24, 16, 16); `read` is a digest of all of it."""
    kept = run.folder.parent / f"edited-{read[:12]}.pt"
    if not kept.exists():
        n = min(EDITED, len(pairs.words))
        parts = [sampled(pipe, pairs, k, min(k + 100, n), "latent") for k in range(0, n, 100)]
        save_whole({"z": torch.cat(parts).half()}, kept)
    z: torch.Tensor = torch.load(kept, weights_only=True)["z"]
    return z
