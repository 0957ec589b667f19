"""A small CLIP with random weights in open_clip's folder layout, for tests."""

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file
from transformers import CLIPTokenizer

TEXTS = ["a dog in the snow", "a dog at night", "a boat"]
TOKENS = 16


def write_random_clip(out: Path) -> Path:
    """Write a model of 32-pixel pictures and 24 dimensions into the folder `out`."""
    blank = CLIPTokenizer(model_max_length=TOKENS)
    tokenizer = blank.train_new_from_iterator(TEXTS, vocab_size=600)
    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
        "text_cfg": {
            "context_length": TOKENS,
            "vocab_size": len(tokenizer),
            "width": 32,
            "heads": 2,
            "layers": 1,
            "hf_tokenizer_name": "tokenizer",
            "pool_type": "eos",
            "eos_id": tokenizer.eos_token_id,
            "pad_id": tokenizer.pad_token_id,
        },
    }
    torch.manual_seed(0)
    model = open_clip.CLIP(**config)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, out / "open_clip_model.safetensors")
    described = {"model_cfg": config, "preprocess_cfg": {"resize_mode": "squash"}}
    (out / "open_clip_config.json").write_text(json.dumps(described))
    tokenizer.save_pretrained(out)
    return out
