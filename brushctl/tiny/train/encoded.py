"""Pairs as the autoencoder and the tokenizer make them: encoded once, kept, read memory-mapped."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from brushctl.tiny.train.data import Bytes, PairSet
from brushctl.tiny.train.loop import Run, in_bfloat16, save_whole
from brushctl.tiny.train.pictures import to_model


@dataclass(frozen=True, slots=True)
class Latents:
    """Encoded pairs: (n, 24, 16, 16) half-precision, and (n, 32) token ids."""

    before: torch.Tensor
    after: torch.Tensor
    tokens: torch.Tensor


def contents(vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> Iterator[bytes | memoryview]:
    """What pictures and words are encoded with, piece by piece, to be told from others."""
    for weights in vae.parameters():
        yield weights.detach().cpu().contiguous().numpy().data
    yield json.dumps(tokenizer.get_vocab(), sort_keys=True).encode()


def latents_of(
    run: Run, vae: AutoencoderKL, tokenizer: CLIPTokenizer, pairs: PairSet, read: str
) -> Latents:
    """The pairs encoded; `read` is the digest of all that this depends on."""
    kept = run.folder.parent / f"latents-{read[:12]}.pt"
    if kept.exists():
        return Latents(**torch.load(kept, mmap=True, weights_only=True))
    tokens = token_ids(tokenizer, pairs.words)
    latents = Latents(_encode(vae, pairs.before), _encode(vae, pairs.after), tokens)
    save_whole({"before": latents.before, "after": latents.after, "tokens": tokens}, kept)
    return latents


def token_ids(tokenizer: CLIPTokenizer, words: list[str]) -> torch.Tensor:
    """(n, 32): padded, and cut off where they are longer."""
    ids: torch.Tensor = tokenizer(
        words, padding="max_length", truncation=True, return_tensors="pt"
    ).input_ids
    return ids


@torch.inference_mode()
def _encode(vae: AutoencoderKL, pictures: Bytes) -> torch.Tensor:
    parts = []
    for start in range(0, len(pictures), 32):  # so few stay in a CPU's cache
        x = to_model(pictures[start : start + 32], vae.device)
        with in_bfloat16(vae.device):
            parts.append(vae.encode(x).latent_dist.mean.half().cpu())
    return torch.cat(parts)
