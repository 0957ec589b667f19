"""The processes of a cluster, and what each of them is given."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brushctl.errors import UsageError
from brushctl.events import Message, Reporter, silent
from brushctl.files import expanded
from brushctl.photos.choices import Engine
from brushctl.settings import TINY

if TYPE_CHECKING:
    from brushctl.runs.executors.ray import Pool


@dataclass(frozen=True, slots=True)
class Machines:
    """A cluster, as it is asked for.

    Attributes:
        address: of the Ray cluster; None for one of this machine.
        workers: processes at most.
        cores: CPU cores for each of them.
        per_gpu: how many share a GPU.
        device: what each process works on; `auto` is a GPU where the cluster has any.
    """

    address: str | None
    workers: int | None
    cores: int
    per_gpu: int
    device: str

    def check(self, engine: Engine) -> None:
        """See that nothing is asked of a cluster where there is none.

        Raises:
            UsageError: something is.
        """
        given = {
            "--ray-address": self.address is not None,
            "--workers": self.workers is not None,
            "--cores": self.cores != 1,
            "--per-gpu": self.per_gpu != 1,
        }
        for option, is_given in given.items():
            if is_given and engine is not Engine.RAY:
                raise UsageError(
                    f"{option} is for a cluster", do="Add --engine ray, or leave it out."
                )

    @contextlib.contextmanager
    def joined(self, report: Reporter = silent) -> "Iterator[Pool]":
        """The cluster's processes, for as long as the block lasts.

        Args:
            report: is told what is waited for.

        Raises:
            UsageError: Ray is not installed, nothing answers at the address, or this machine alone
                has not what one process is to be given.
        """
        from brushctl.runs.executors.ray import Pool, cluster, missing

        with cluster(self.address) as ray:
            share = 1 / self.per_gpu if self._wants_gpu(ray) else 0
            pool = Pool(self.workers, self.cores, share)
            if lacking := missing(ray, pool):
                if self.address is None:
                    raise UsageError(
                        f"this machine lacks what one process needs: {lacking}",
                        do="Ask for less, or name a cluster with --ray-address.",
                    )
                report(Message(f"waiting for a machine of the cluster with {lacking}"))
            yield pool

    def dtype(self, given: str | None, pool: "Pool") -> str:
        """The number format of every process, settled once: each by itself might take another.

        Args:
            given: by the command line; None for the default of the GPU or the CPU here.
            pool: the processes.
        """
        if given:
            return given
        from brushctl.engine.devices import resolve_device, resolve_dtype

        here = resolve_device("auto" if pool.gpus else "cpu")
        if pool.gpus and here.type == "cpu":
            return "bfloat16"  # there is no GPU here that could be asked
        return str(resolve_dtype(None, here)).removeprefix("torch.")

    @staticmethod
    def base(given: str | None) -> str | None:
        """The base as every process finds it, whichever folder it works in."""
        if given in (None, TINY):
            return given
        path = expanded(str(given))
        return str(path.absolute()) if path.exists() else given

    def _wants_gpu(self, ray: Any) -> bool:  # noqa: ANN401  (a module)
        if self.device == "auto":
            return bool(ray.cluster_resources().get("GPU"))
        return self.device.startswith("cuda")
