"""The number format that a device gets when none is asked for."""

from types import MappingProxyType

import pytest
import torch

from brushctl.engine.device import resolve_dtype

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "dtype"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"neon": True, "bf16": True}, torch.float32),
    ],
)
def test_a_cpu_gets_bfloat16_if_it_multiplies_in_it(monkeypatch, able, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: MappingProxyType(able))
    assert resolve_dtype(None, CPU) == dtype
    assert resolve_dtype("float32", CPU) == torch.float32


def test_cuda_gets_bfloat16_and_mps_float32():
    assert resolve_dtype(None, torch.device("cuda")) == torch.bfloat16
    assert resolve_dtype(None, torch.device("mps")) == torch.float32
