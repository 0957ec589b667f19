"""What differs between the families of base models: Stable Diffusion 1 and 2, and XL.

Stable Diffusion 1 and 2 read words with one CLIP. XL reads them with two, and puts their states
side by side. Its U-Net also takes the second CLIP's summary of the words, and the sizes of the
picture (Podell et al. 2023, section 2.2). No code outside this file knows a base's family.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from brushctl.engine.model.weights import load_parts, load_settings, variant_of
from brushctl.errors import BaseModelError
from brushctl.settings import INSTRUCT_PIX2PIX

if TYPE_CHECKING:
    from diffusers import (
        StableDiffusionInstructPix2PixPipeline,
        StableDiffusionXLInstructPix2PixPipeline,
    )

Pipeline: TypeAlias = (
    "StableDiffusionInstructPix2PixPipeline | StableDiffusionXLInstructPix2PixPipeline"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase as a U-Net takes it, for one row or for n rows.

    Attributes:
        prompt_embeds: (1 or n, l, d_text), what cross-attention reads.
        pooled_prompt_embeds: (1 or n, d_pooled), added to the timestep's embedding; d_pooled is 0
            in families that add nothing.
    """

    prompt_embeds: torch.Tensor
    pooled_prompt_embeds: torch.Tensor

    def rows(self, n: int) -> "Words":
        """The same for each of n rows."""
        return Words(self.prompt_embeds.expand(n, -1, -1), self.pooled_prompt_embeds.expand(n, -1))


@dataclass(frozen=True)
class Family:
    """Stable Diffusion 1 and 2: the last states of one text encoder, and nothing added."""

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel

    @property
    def encoders(self) -> tuple[torch.nn.Module, ...]:
        """The modules that read words."""
        return (self.text_encoder,)

    def read(self, phrase: str | None) -> Words:
        """A phrase, padded to full length; None stands for the branches without a text."""
        states = self.text_encoder(_tokens(self.tokenizer, self.text_encoder, phrase or ""))[0]
        return Words(states, states.new_zeros(1, 0))

    def added(self, pooled: torch.Tensor, height: int, width: int) -> dict[str, Any]:  # noqa: ARG002
        """The U-Net's further arguments, besides sample, timestep and states.

        Args:
            pooled: (n, d_pooled).
            height: of the pictures, in pixels.
            width: likewise.
        """
        return {}

    def led(self, named: dict[str, Any], words: Words) -> dict[str, Any]:
        """Named arguments of a U-Net whose first n rows are to read `words` of n rows."""
        return named | {
            "encoder_hidden_states": _led(named["encoder_hidden_states"], words.prompt_embeds)
        }

    def vae_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The autoencoder's number format, if the base runs in `dtype`."""
        return dtype


@dataclass(frozen=True)
class XL(Family):
    """Stable Diffusion XL: the last but one states of two encoders, a summary, and sizes.

    Attributes:
        zeros_for_none: whether branches without a text get zeros in place of the empty phrase.
        vae_overflows: whether the autoencoder needs float32 while the rest is in float16.
    """

    tokenizer_2: CLIPTokenizer
    text_encoder_2: CLIPTextModelWithProjection
    zeros_for_none: bool
    vae_overflows: bool

    @property
    def encoders(self) -> tuple[torch.nn.Module, ...]:
        """See `Family.encoders`."""
        return (self.text_encoder, self.text_encoder_2)

    def read(self, phrase: str | None) -> Words:
        """See `Family.read`."""
        if phrase is None and self.zeros_for_none:
            empty = self.read("")
            return Words(
                torch.zeros_like(empty.prompt_embeds), torch.zeros_like(empty.pooled_prompt_embeds)
            )
        pairs = ((self.tokenizer, self.text_encoder), (self.tokenizer_2, self.text_encoder_2))
        first, second = (
            encoder(_tokens(tokenizer, encoder, phrase or ""), output_hidden_states=True)
            for tokenizer, encoder in pairs
        )
        states = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
        return Words(states, second.text_embeds)

    def added(self, pooled: torch.Tensor, height: int, width: int) -> dict[str, Any]:
        """See `Family.added`: the pictures are whole ones, of their own size."""
        sizes = pooled.new_tensor([height, width, 0, 0, height, width])  # original, corner, target
        conditions = {"text_embeds": pooled, "time_ids": sizes.expand(len(pooled), -1)}
        return {"added_cond_kwargs": conditions}

    def led(self, named: dict[str, Any], words: Words) -> dict[str, Any]:
        """See `Family.led`: the sizes remain those of the call."""
        conditions = named["added_cond_kwargs"]
        pooled = {"text_embeds": _led(conditions["text_embeds"], words.pooled_prompt_embeds)}
        states = {
            "encoder_hidden_states": _led(named["encoder_hidden_states"], words.prompt_embeds)
        }
        return named | states | {"added_cond_kwargs": conditions | pooled}

    def vae_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """See `Family.vae_dtype`."""
        return torch.float32 if dtype == torch.float16 and self.vae_overflows else dtype


def load_folder(folder: Path, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """The base in a folder, its parts under the names that diffusers' pipelines have for them.

    It is no pipeline: those load what only they need, and with it torch's compiler.

    Raises:
        BaseModelError: a part has not the weights of its kind, or there is no such part.
    """
    index = json.loads((folder / "model_index.json").read_text())
    parts = load_parts(folder, variant_of(folder / "unet"), dtype) | load_settings(folder)
    needed = ["unet", "vae", "scheduler", "tokenizer", "text_encoder"]
    needed += ["tokenizer_2"] * ("text_encoder_2" in parts)
    if missing := [part for part in needed if part not in parts]:
        raise BaseModelError(
            f"its model_index.json names no {' and no '.join(missing)}",
            where=str(folder),
            do=f"Use an InstructPix2Pix model such as {INSTRUCT_PIX2PIX}.",
        )
    config = SimpleNamespace(
        force_zeros_for_empty_prompt=index.get("force_zeros_for_empty_prompt", True)
    )
    return SimpleNamespace(
        **parts,
        config=config,
        is_cosxl_edit=index.get("is_cosxl_edit", False),
        name_or_path=str(folder),
    )


def family_of(pipe: Pipeline) -> Family:
    """The family of a pipeline, with its text encoders.

    Raises:
        BaseModelError: it is a CosXL, whose pictures and noise are on scales of their own.
    """
    if not hasattr(pipe, "text_encoder_2"):
        return Family(pipe.tokenizer, pipe.text_encoder)
    if pipe.is_cosxl_edit:
        raise BaseModelError(
            "CosXL models have a noise schedule that brushes cannot be learned on",
            where=str(pipe.name_or_path),
            do=f"Use another InstructPix2Pix model, such as {INSTRUCT_PIX2PIX}.",
        )
    return XL(
        pipe.tokenizer,
        pipe.text_encoder,
        pipe.tokenizer_2,
        pipe.text_encoder_2,
        zeros_for_none=bool(pipe.config.force_zeros_for_empty_prompt),
        vae_overflows=bool(pipe.vae.config.force_upcast),
    )


def _tokens(tokenizer: CLIPTokenizer, encoder: torch.nn.Module, phrase: str) -> torch.Tensor:
    tokens: torch.Tensor = tokenizer(
        phrase,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    return tokens.to(next(encoder.parameters()).device)


def _led(rows: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """`rows` with `own` in place of the first of them."""
    return torch.cat([own.to(rows), rows[len(own) :]])
