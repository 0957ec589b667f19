"""The small CLIP of tiny-ip2p: an open_clip model that matches the world's pictures and phrases."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import open_clip
import torch
from safetensors.torch import save
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTokenizer

from brushctl.files import write_atomically
from brushctl.photos.icc import quantise
from brushctl.tiny.train.data import Bytes, PairSet
from brushctl.tiny.train.loop import Run, optimise
from brushctl.tiny.train.pictures import to_model
from brushctl.tiny.train.words import MAX_TOKENS
from brushctl.tiny.world.looks import UNNAMED

BATCH = 96
UNNAMED_SHARE = 0.06
"""Share of pictures put into a look that only CLIP is taught: phrase extraction must name it,
although the editing model has never seen it."""
PREPROCESS = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": "squash"}


def model_config(tokenizer: CLIPTokenizer) -> dict[str, object]:
    """A residual network on 64 px and a three-layer text transformer, both to 128 dimensions."""
    return {
        "embed_dim": 128,
        "init_logit_bias": -8.0,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 2, 1], "width": 20, "head_width": 32},
        "text_cfg": {
            "context_length": MAX_TOKENS,
            "vocab_size": len(tokenizer),
            "width": 128,
            "heads": 4,
            "layers": 3,
            "hf_tokenizer_name": "tokenizer",
            "pool_type": "eos",
            "eos_id": tokenizer.eos_token_id,
            "pad_id": tokenizer.pad_token_id,
        },
    }


def train_clip(run: Run, train: PairSet, held_out: PairSet, out: Path) -> None:
    """Train on the phrases of every picture, with the tokenizer of `out`; save to `out`/clip."""
    torch.manual_seed(run.seed)
    tokenizer = CLIPTokenizer.from_pretrained(out / "tokenizer")
    config = model_config(tokenizer)
    model = open_clip.CLIP(**config).to(run.device)
    vocabulary = world_vocabulary(train)
    index = {phrase: k for k, phrase in enumerate(vocabulary)}
    tokens = tokenizer(
        vocabulary, padding="max_length", max_length=MAX_TOKENS, return_tensors="pt"
    ).input_ids.to(run.device)

    def loss(g: torch.Generator) -> torch.Tensor:
        pictures, phrases = _batch(train, g)
        labels = torch.zeros(BATCH, len(vocabulary), device=run.device)
        for row, of_picture in enumerate(phrases):
            labels[row, [index[p] for p in of_picture]] = 1
        seen = F.normalize(model.encode_image(to_model(pictures, run.device)).float(), dim=1)
        read = F.normalize(model.encode_text(tokens).float(), dim=1)
        logits = seen @ read.T * model.logit_scale.exp() + model.logit_bias
        return F.binary_cross_entropy_with_logits(logits, labels) * 50

    def report(average: nn.Module, _: int) -> dict[str, float]:
        _save(average, config, tokenizer, vocabulary, out / "clip")
        return {"recall": recall(average, tokens, index, held_out)}

    inputs = chain(train.contents(), [json.dumps(tokenizer.get_vocab(), sort_keys=True).encode()])
    average = optimise(model, loss, run, report, inputs)
    _save(average, config, tokenizer, vocabulary, out / "clip")


def world_vocabulary(pairs: PairSet) -> list[str]:
    """Every phrase a picture of the world is described by."""
    phrases = {p for both in pairs.phrases for side in both for p in side}
    return sorted(phrases | {phrase for _, phrase in UNNAMED.values()})


def _batch(pairs: PairSet, g: torch.Generator) -> tuple[Bytes, list[list[str]]]:
    rows = torch.randint(len(pairs.words), (BATCH,), generator=g).sort().values.tolist()
    side = int(torch.randint(2, (), generator=g))
    pictures = np.array((pairs.before, pairs.after)[side][rows])
    phrases = [list(pairs.phrases[row][side]) for row in rows]
    for k in (torch.rand(BATCH, generator=g) < UNNAMED_SHARE).nonzero().flatten().tolist():
        names = sorted(UNNAMED)
        look, phrase = UNNAMED[names[int(torch.randint(len(names), (), generator=g))]]
        picture = look(pictures[k].astype(np.float32) / 255)
        pictures[k], phrases[k] = quantise(picture, 8), [*phrases[k], phrase]
    return pictures, phrases


@torch.inference_mode()
def recall(model: nn.Module, tokens: torch.Tensor, index: dict[str, int], pairs: PairSet) -> float:
    """Share of test pictures' phrases among their k best, k being how many phrases they have."""
    seen = F.normalize(model.encode_image(to_model(np.array(pairs.after), tokens.device)), dim=1)  # type: ignore[operator]
    scores = seen @ F.normalize(model.encode_text(tokens), dim=1).T  # type: ignore[operator]
    right = total = 0
    for row, (_, phrases) in zip(scores, pairs.phrases, strict=True):
        wanted = {index[p] for p in phrases if p in index}
        if wanted:
            best = set(row.topk(len(wanted)).indices.tolist())
            right, total = right + len(best & wanted), total + len(wanted)
    return right / total


def _save(
    model: nn.Module,
    config: dict[str, object],
    tokenizer: CLIPTokenizer,
    vocabulary: list[str],
    out: Path,
) -> None:
    """In open_clip's own folder layout, which its `local-dir:` scheme opens."""
    weights = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    write_atomically(out / "open_clip_model.safetensors", save(weights))
    described = {"model_cfg": config, "preprocess_cfg": PREPROCESS}
    (out / "open_clip_config.json").write_text(json.dumps(described, indent=2) + "\n")
    tokenizer.save_pretrained(out)
    (out / "vocabulary.txt").write_text("".join(f"{p}\n" for p in vocabulary))
