"""Arguments and options that several commands share, each declared once."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushctl.brushes.cache import names
from brushctl.cli._output import say
from brushctl.errors import UsageError
from brushctl.files import expanded
from brushctl.photos.choices import Engine
from brushctl.settings import LARGEST_SEED, TINY

if TYPE_CHECKING:
    from brushctl.runs.executors.ray import Pool


def complete_names(incomplete: str) -> list[str]:
    """The names in the cache that begin so, for the shell; none where it cannot be read."""
    with contextlib.suppress(UsageError, OSError):
        return [name for name in names() if name.startswith(incomplete)]
    return []


BrushName = Annotated[
    str,
    typer.Argument(
        help="A brush: its name in the cache, or a file.", autocompletion=complete_names
    ),
]
BrushNames = Annotated[
    list[str],
    typer.Argument(
        help="Brushes: names in the cache, or files; - is stdin.", autocompletion=complete_names
    ),
]
CachedName = Annotated[
    str, typer.Argument(help="A brush's name in the cache.", autocompletion=complete_names)
]
CachedNames = Annotated[
    list[str], typer.Argument(help="Names in the cache.", autocompletion=complete_names)
]
Pairs = Annotated[
    Path, typer.Argument(help="A folder of before/after pairs, or a CSV or JSON manifest.")
]
Align = Annotated[
    bool, typer.Option("--align", help="Crop shifted pairs to what both pictures share.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a brush of that name.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", help="float32, bfloat16 or float16; by device if not given."),
]
LearningDtype = Annotated[
    str | None, typer.Option("--dtype", help="float32 or bfloat16; by device if not given.")
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base", help="The base: tiny-ip2p, a hub id (or id@revision), a folder, a checkpoint."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Fixes every random draw.")
]


CLUSTER = "Many machines"

EngineName = Annotated[
    Engine, typer.Option("--engine", help="This process, or Ray.", rich_help_panel=CLUSTER)
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="Of a Ray cluster; if not given, Ray runs here.",
        rich_help_panel=CLUSTER,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Most processes; if not given, all that fit.",
        rich_help_panel=CLUSTER,
    ),
]
Cores = Annotated[
    int,
    typer.Option("--cores", min=1, help="CPU cores for each process.", rich_help_panel=CLUSTER),
]
PerGpu = Annotated[
    int,
    typer.Option("--per-gpu", min=1, help="Processes that share a GPU.", rich_help_panel=CLUSTER),
]


@dataclass(frozen=True, slots=True)
class Machines:
    """A cluster, as a command line asks for it.

    Attributes:
        address: of the Ray cluster; None for one of this machine.
        workers: processes at most.
        cores: CPU cores for each of them.
        per_gpu: how many share a GPU.
        device: what each process works on; `auto` is a GPU where the cluster has any.
        quiet: whether it is not said what is waited for.
    """

    address: str | None
    workers: int | None
    cores: int
    per_gpu: int
    device: str
    quiet: bool

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
    def joined(self) -> "Iterator[Pool]":
        """The cluster's processes, for as long as the block lasts.

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
                        f"this machine has not what each process is to be given: {lacking}",
                        do="Ask for less, or name a cluster with --ray-address.",
                    )
                if not self.quiet:
                    say(f"waiting for a machine of the cluster with {lacking}")
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
