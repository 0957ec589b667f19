"""Where a model reads words: the attention layers, and their modules for keys and values."""

from dataclasses import dataclass, field
from typing import Any

from torch import nn


@dataclass(frozen=True, slots=True)
class Site:
    """An attention layer in which a picture reads words.

    Attributes:
        key: the module whose output is the words' keys, after their norm where there is one and
            before rotary embedding: (b, l, d), or (b, l, heads, d / heads).
        value: the module whose output has the words' values, (b, l, ...).
        width: d, of all heads.
        columns: where in the last dimension of that output the values lie.
    """

    key: nn.Module
    value: nn.Module
    width: int
    columns: slice = field(default_factory=lambda: slice(None))

    @property
    def outputs(self) -> tuple[tuple[str, nn.Module, slice], ...]:
        """K and V, named `k` and `v`: the module that gives each, and the columns it lies in."""
        return ("k", self.key, slice(None)), ("v", self.value, self.columns)


def sites(model: nn.Module) -> dict[str, Site]:
    """The sites of a U-Net or transformer by name, in the model's own order.

    Where words and picture share one sequence, the words stand first in it.
    """
    found = ((name, _site(name, module)) for name, module in model.named_modules())
    return {name: site for name, site in found if site}


def _site(name: str, attention: Any) -> Site | None:  # noqa: ANN401  (of many classes)
    """The site of a module, if it is one.

    Four kinds: cross-attention; double-stream blocks, whose words have projections of their own;
    single-stream blocks, whose projections words and picture share; and those that fuse them.
    """
    if name.endswith("attn2"):
        width = attention.to_k.out_features
        return Site(_normed(attention, "norm_k", "to_k"), attention.to_v, width)
    if getattr(attention, "add_k_proj", None) is not None:
        width = attention.add_k_proj.out_features
        return Site(_normed(attention, "norm_added_k", "add_k_proj"), attention.add_v_proj, width)
    if hasattr(attention, "to_qkv_mlp_proj"):
        d = attention.inner_dim
        return Site(attention.norm_k, attention.to_qkv_mlp_proj, d, slice(2 * d, 3 * d))
    if name.startswith("single_") and hasattr(attention, "to_k"):
        width = attention.to_k.out_features
        return Site(_normed(attention, "norm_k", "to_k"), attention.to_v, width)
    return None


def _normed(attention: Any, norm: str, projection: str) -> nn.Module:  # noqa: ANN401
    """The norm of keys, or what they are projected with where there is none."""
    own = getattr(attention, norm, None)
    module: nn.Module = getattr(attention, projection) if own is None else own
    return module
