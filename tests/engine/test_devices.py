"""The number format that a device gets when none is asked for."""

from types import MappingProxyType

import pytest
import torch

from brushctl.engine.devices import resolve_dtype

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


@pytest.mark.parametrize(
    ("capability", "dtype"), [((7, 0), torch.float32), ((7, 5), torch.float32),
                              ((8, 0), torch.bfloat16), ((12, 0), torch.bfloat16)]
)  # fmt: skip
def test_a_cuda_card_gets_bfloat16_if_it_multiplies_in_it(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert resolve_dtype(None, torch.device("cuda:1")) == dtype


def test_mps_gets_float32():
    assert resolve_dtype(None, torch.device("mps")) == torch.float32
