"""Instructions: the keys and values a U-Net's cross-attention reads (section 4.1).

A written instruction is its text embedding; a brush is learned features in place of the first
m tokens' projections, one set for each bucket of denoising time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import torch

from brushctl.brushes.file import Brush
from brushctl.brushes.metadata import Buckets, Segment
from brushctl.engine.brush.sites import sites
from brushctl.engine.model.base import BaseModel, open_base
from brushctl.engine.model.families import Words
from brushctl.engine.model.find import check_identity
from brushctl.errors import BrushMismatchError, PhraseError

NO_PHRASE_TOKENS = 10
"""m of an instruction without a phrase: the paper's "around 10"."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What the fully conditioned branch attends to.

    Attributes:
        text: (1, l, d_text), the phrase's embedding; its tokens from m on are always read. Or
            (j, l, d_text), where each bucket reads its own.
        pooled: (1, d_pooled), the phrase's summary, of which nothing is learned; or (j, d_pooled).
        features: per site, (K, V), each (j, m, d); empty for a written instruction.
        edges: t is in bucket k where edges[k] <= t < edges[k + 1]; j + 1 timesteps, 0 to T.
        weights: (1, m), positive weights of the learned tokens in the softmax; (j, m), where each
            bucket has its own; or None for all 1.
    """

    text: torch.Tensor
    pooled: torch.Tensor
    features: Mapping[str, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)
    edges: tuple[int, ...] = (0, 1000)
    weights: torch.Tensor | None = None

    @property
    def train_steps(self) -> int:
        """T, the base's number of diffusion steps."""
        return self.edges[-1]

    def bucket(self, t: torch.Tensor) -> torch.Tensor:
        """The bucket of each timestep: (n,) indices; floor(t j / T) where they are even."""
        return bucket_of(t, self.edges)


def bucket_of(t: torch.Tensor, edges: Sequence[int]) -> torch.Tensor:
    """The bucket of each of some times (n,) between edges: (n,) indices."""
    bucket = torch.zeros_like(t, dtype=torch.long)
    for edge in edges[1:-1]:  # no table of edges, which a GPU would wait for
        bucket += t >= edge
    return bucket


def from_text(base: BaseModel, phrase: str) -> Instruction:
    """An instruction in words: nothing is replaced."""
    words = base.read(phrase)
    edges = Buckets.even(1, base.train_steps).edges
    return Instruction(text=words.prompt_embeds, pooled=words.pooled_prompt_embeds, edges=edges)


def initial(base: BaseModel, phrase: str | None, buckets: int, *, least_m: int = 0) -> Instruction:
    """The starting point of learning: the phrase's own projections, in every bucket.

    m is the phrase's token count, start and end counted; without a phrase (None), the empty
    instruction and m = 10; but never less than `least_m`, which takes in tokens of the padding.
    Features are float32 leaves without gradient.

    Raises:
        PhraseError: the phrase is longer than the text encoder reads.
    """
    limit = base.tokenizer.model_max_length
    m = tokens_learned(base, phrase, least_m)
    if m > limit:
        raise PhraseError(
            f"the phrase has {m} tokens, the base model reads {limit}",
            where=repr(phrase),
            do="Use a shorter phrase.",
        )
    return _untouched(base, base.read(phrase or ""), buckets, m)


def tokens_learned(base: BaseModel, phrase: str | None, least_m: int) -> int:
    """m, whether or not the text encoder reads so many."""
    return max(least_m, NO_PHRASE_TOKENS if phrase is None else base.token_count(phrase))


def _untouched(base: BaseModel, words: Words, buckets: int, m: int) -> Instruction:
    """Words whose first m tokens have their own projections, in every bucket."""
    features = {}
    for name, site in sites(base.unet).items():
        head = words.prompt_embeds[:, :m]  # (1, m, d_text)
        K, V = site.key(head), site.value(head)  # (1, m, d)
        features[name] = (_stacked(K, buckets), _stacked(V, buckets))
    edges = Buckets.even(buckets, base.train_steps).edges
    return Instruction(
        text=words.prompt_embeds, pooled=words.pooled_prompt_embeds, features=features, edges=edges
    )


def from_noisiest(base: BaseModel, learned: Instruction, count: int) -> Instruction:
    """The learned instruction in its `count` noisiest buckets, the empty one after them (fig. 3).

    Denoising runs from the last bucket to the first: the first `count` stretches of it read what
    was learned.
    """
    j = len(next(iter(learned.features.values()))[0])
    on = torch.arange(j, device=base.device) >= j - count  # (j,)

    def either(nothing: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        return torch.where(on.view(j, *[1] * (whole.ndim - 1)), whole, nothing)

    return _with_empty(base, learned, either)


def scaled(base: BaseModel, learned: Instruction, strength: float) -> Instruction:
    """The learned instruction at a strength: on the line from the empty one (0) to itself (1)."""
    if strength == 1:
        return learned
    return _with_empty(base, learned, lambda nothing, whole: torch.lerp(nothing, whole, strength))


def _with_empty(
    base: BaseModel,
    learned: Instruction,
    both: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Instruction:
    """What `both` makes of each part of the empty instruction and of the learned one."""
    j, m = next(iter(learned.features.values()))[0].shape[:2]
    empty = _untouched(base, base.read(None), j, m)

    def joined(nothing: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        return both(nothing.to(whole), whole)

    features = {
        site: (joined(empty.features[site][0], K), joined(empty.features[site][1], V))
        for site, (K, V) in learned.features.items()
    }
    weights = learned.weights
    if weights is not None:  # what is added to logits is what is scaled: weights stay positive
        weights = both(torch.zeros_like(weights), weights.log()).exp()
    return replace(
        learned,
        text=joined(empty.text, learned.text),
        pooled=joined(empty.pooled, learned.pooled),
        features=features,
        weights=weights,
    )


def from_brush(base: BaseModel, brush: Brush) -> Instruction:
    """A brush's features on the base's device.

    Raises:
        BrushMismatchError: the brush was learned on another base model, or is not of its shape; or
            it has no instruction.
    """
    _check_fit(base, brush)
    part = brush.metadata.instruction_part()
    words = base.read(part.instruction.phrase or "")
    features = {
        site: (_tensor(brush.tensors[f"{site}.k"], base), _tensor(brush.tensors[f"{site}.v"], base))
        for site in sites(base.unet)
    }
    return Instruction(
        text=words.prompt_embeds,
        pooled=words.pooled_prompt_embeds,
        features=features,
        edges=part.buckets.edges,
        weights=_token_weights(part.instruction.segments, base),
    )


def _check_fit(base: BaseModel, brush: Brush) -> None:
    """A brush must be of the base's U-Net, and have its sites, widths, time and text length."""
    meta = brush.metadata
    check_identity(meta, base.id, base.model_sha256)
    part = meta.instruction_part()
    _check_length(base, meta.name, part.instruction.m)
    widths = {
        f"{name}.{kind}": site.width for name, site in sites(base.unet).items() for kind in "kv"
    }
    features = brush.instruction_tensors()
    found = {name: tensor.shape[-1] for name, tensor in features.items()}
    if found != widths or part.buckets.edges[-1] != base.train_steps:
        odd = min((name for name, _ in found.items() ^ widths.items()), default="buckets.edges")
        raise BrushMismatchError(
            f"the brush names this base model, but does not have its shape (at {odd})",
            where=meta.name,
            do="The program that wrote it made a mistake: learn or mix the brush again.",
        )


def _check_length(base: BaseModel, name: str, m: int) -> None:
    if m > (limit := int(base.tokenizer.model_max_length)):
        raise BrushMismatchError(
            f"the brush has {m} tokens, the base model reads {limit}",
            where=name,
            do="Stack fewer brushes, or blend them: a blend has no more tokens than its parts.",
        )


def padding(name: str | None = None) -> Callable[[Brush, int], Brush]:
    """`padded`, on a base model that is loaded when it is first needed.

    Args:
        name: the base; None for the one that a brush names.

    Returns:
        what raises BaseModelError where the base is not on this machine.
    """

    @cache
    def opened(wanted: str, revision: str | None) -> BaseModel:
        base = open_base(wanted, torch.device("cpu"), torch.float32, revision=revision)
        assert isinstance(base, BaseModel)  # brushes of transformers need none to be lengthened
        return base

    def pad(brush: Brush, m: int) -> Brush:
        named = brush.metadata.instruction_part().base
        return padded(opened(name or named.id, None if name else named.revision), brush, m)

    return pad


@torch.no_grad()
def padded(base: BaseModel, brush: Brush, m: int) -> Brush:
    """The brush with m tokens: those that it has not are its phrase's own, so it draws the same.

    Raises:
        BrushMismatchError: the brush does not fit the base, or the base reads fewer tokens.
    """
    _check_fit(base, brush)
    _check_length(base, brush.metadata.name, m)
    part = brush.metadata.instruction_part()
    start, j = part.instruction.m, part.buckets.count
    text = base.read(part.instruction.phrase or "").prompt_embeds[:, start:m]  # (1, m - start, d_t)
    tensors = dict(brush.tensors)
    for name, site in sites(base.unet).items():
        for kind, projection in (("k", site.key), ("v", site.value)):
            own = tensors[f"{name}.{kind}"]
            more = projection(text).float().cpu().numpy().astype(own.dtype).repeat(j, axis=0)
            tensors[f"{name}.{kind}"] = np.concatenate([own, more], axis=1)  # (j, m, d)
    segments = (*part.instruction.segments, Segment(m - start))
    instruction = replace(part.instruction, m=m, segments=segments)
    return Brush(replace(brush.metadata, instruction=instruction), tensors)


def to_arrays(features: Mapping[str, tuple[torch.Tensor, torch.Tensor]]) -> dict[str, np.ndarray]:
    """Features as a brush keeps them: float16, `<site>.k` and `<site>.v`."""
    arrays = {}
    for site, (K, V) in features.items():
        arrays[f"{site}.k"] = K.detach().to("cpu", torch.float16).numpy()
        arrays[f"{site}.v"] = V.detach().to("cpu", torch.float16).numpy()
    return arrays


def _stacked(feature: torch.Tensor, buckets: int) -> torch.Tensor:
    return feature.float().repeat(buckets, 1, 1)  # (j, m, d)


def _tensor(array: np.ndarray, base: BaseModel) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32)).to(base.device)


def _token_weights(segments: Sequence[Segment], base: BaseModel) -> torch.Tensor | None:
    if all(s.weight == 1 for s in segments):
        return None
    weights = [s.weight for s in segments for _ in range(s.m)]
    return torch.tensor([weights], device=base.device)
