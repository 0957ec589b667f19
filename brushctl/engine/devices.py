"""Which device the work runs on: the one that was asked for, or an error; never another."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from brushctl.errors import BrushctlError, DeviceError, DeviceMemoryError, lack_of

AUTO = "auto"
AMPERE = (8, 0)
"""From this compute capability on, CUDA cards multiply in bfloat16; T4 and V100 emulate it."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device.

    Attributes:
        name: as `--device` takes it.
        about: what it is, for people.
    """

    name: str
    about: str


def devices() -> list[DeviceInfo]:
    """Every device that `--device` takes on this machine, the best first."""
    found = []
    for k in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties = torch.cuda.get_device_properties(k)
        memory = properties.total_memory / 2**30
        found.append(DeviceInfo(f"cuda:{k}", f"{properties.name}, {memory:.0f} GiB"))
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", "Apple GPU"))
    count = torch.get_num_threads()
    return [*found, DeviceInfo("cpu", f"{count} thread{'s' * (count != 1)}")]


def resolve_device(name: str) -> torch.device:
    """The torch device called `name`; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: the device is unknown or not on this machine.
    """
    if name == AUTO:
        name = next((k for k in ("cuda", "mps") if _available(k)), "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(
            "unknown device", where=f"--device {name}", do="Use cpu, cuda, cuda:N, mps or auto."
        ) from None
    if device.type != "cpu" and not _available(device.type, device.index or 0):
        raise DeviceError(
            "this machine has no such device",
            where=f"--device {name}",
            do="Use --device cpu, or --device auto for the best one.",
        )
    return device


def name_of(device: torch.device) -> str:
    """A device's name beside figures of time: a card's model, or the kind of device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def out_of_memory(error: Exception) -> bool:
    """Whether a device's memory did not suffice: CUDA says so by type, MPS and the CPU in words."""
    return isinstance(error, torch.OutOfMemoryError) or lack_of(error) == "memory"


@contextmanager
def enough_memory(without: str) -> Generator[None]:
    """Explain an error that comes of too little memory on a device; also a decorator.

    Args:
        without: what failed, a clause.

    Raises:
        DeviceMemoryError: the memory does not suffice.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, BrushctlError) or not out_of_memory(error):
            raise
        raise DeviceMemoryError(
            without,
            do="Use bfloat16 as the dtype, a device with more free memory, or the cpu.",
        ) from error


def _available(kind: str, index: int = 0) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available() and index < torch.cuda.device_count()
    return kind == "mps" and torch.backends.mps.is_available()


def resolve_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The number format of the frozen model: bfloat16 by default where the device multiplies in it.

    Raises:
        DeviceError: the name is none of float32, bfloat16, float16.
    """
    if name is None:
        return torch.bfloat16 if _multiplies_in_bfloat16(device) else torch.float32
    known = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if name not in known:
        raise DeviceError(
            "unknown number format", where=f"--dtype {name}", do=f"Use one of {', '.join(known)}."
        )
    return known[name]


def learning_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The number format of the frozen model for learning a brush.

    Raises:
        DeviceError: the name is none of float32 and bfloat16.
    """
    dtype = resolve_dtype(name, device)
    check_gradients(dtype)
    return dtype


def check_gradients(dtype: torch.dtype) -> None:
    """See that a number format holds gradients.

    Raises:
        DeviceError: they vanish in it.
    """
    if dtype == torch.float16:
        raise DeviceError(
            "gradients vanish in float16",
            where="--dtype float16",
            do="Learn in bfloat16 or float32. You can apply the brush in any format.",
        )


def _multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether matrices are multiplied in bfloat16: what only converts to it gains nothing."""
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE
