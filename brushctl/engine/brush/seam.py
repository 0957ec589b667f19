"""The one seam into a model: hooks on the modules whose outputs are an instruction's K and V.

Hooks are torch's own, and are gone when the context closes. Whatever attends to the keys and
values stays the model's: its processors, attention backends and caches.
"""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from brushctl.engine.brush.sites import sites
from brushctl.errors import UsageError


class Seam:
    """Learned keys and values in a model.

    Attributes:
        rows: which rows of a batch are brushed; the others are left alone.
        bucket: (n,), the bucket of each of them.
        first: the place of the first learned token in each row.
    """

    def __init__(
        self, features: Mapping[str, tuple[torch.Tensor, torch.Tensor]], *, added: bool
    ) -> None:
        self.bucket = torch.zeros(0, dtype=torch.long)
        self.rows = slice(0, 0)
        self.first = 0
        self._features = dict(features)
        self._added = added
        self._seen = 0

    @contextmanager
    def installed(self, model: nn.Module) -> Generator[None]:
        """Put the learned keys and values into a model; take them out again on leaving."""
        with ExitStack() as stack:
            known = sites(model)
            for name in self._features:
                for kind, (_, module, columns) in enumerate(known[name].outputs):
                    hook = self._hook(name, kind, columns)
                    stack.callback(module.register_forward_hook(hook).remove)
            stack.callback(model.register_forward_pre_hook(self._begin).remove)
            stack.callback(model.register_forward_hook(self._check).remove)
            yield

    def _hook(self, name: str, kind: int, columns: slice) -> Any:  # noqa: ANN401  (torch's own type)
        def changed(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
            self._seen += 1
            K, V = self._features[name]
            if K.device != output.device:  # they follow the model
                self._features[name] = K, V = K.to(output.device), V.to(output.device)
            return self.overlay(output, (K, V)[kind], columns)

        return changed

    def overlay(
        self, output: torch.Tensor, learned: torch.Tensor, columns: slice = slice(None)
    ) -> torch.Tensor:
        """What a module gives with the learned tokens in it, a tensor of its own.

        Args:
            output: (b, l, ...), the words' own keys or values; more may follow them.
            learned: (j, m, d), in any number format, on the same device.
            columns: where the d numbers lie, heads side by side.
        """
        if not len(self.bucket):
            return output
        own = learned[self.bucket].to(output.dtype)  # (n, m, d)
        tokens = slice(self.first, self.first + own.shape[1])
        whole = output.flatten(2).clone()  # (b, l, ...)
        part = whole[self.rows, tokens, columns]
        whole[self.rows, tokens, columns] = part + own if self._added else own
        return whole.view(output.shape)

    def _begin(self, *_: Any) -> None:  # noqa: ANN401
        self._seen = 0

    def _check(self, *_: Any) -> None:  # noqa: ANN401
        """See that every site was read.

        Raises:
            UsageError: some were not: their projections are fused, or a cache leaves blocks out.
        """
        if self._seen != 2 * len(self._features):
            raise UsageError(
                f"the model read {self._seen} of the brush's {2 * len(self._features)} keys and "
                "values: its projections are fused, or a cache passes over some of its layers",
                do="Call unfuse_qkv_projections() and disable_cache() first.",
            )
