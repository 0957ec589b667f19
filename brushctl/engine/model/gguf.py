"""A part of a base model in a GGUF file, quantised, as diffusers loads it.

Such a file holds a transformer's weights alone. It lies in the part's folder of a pipeline in
diffusers' layout, beside the part's configuration and in place of its other weights.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brushctl.errors import BaseModelError, first_line, lack_of
from brushctl.extras import installing

if TYPE_CHECKING:
    import torch

GGUF = ".gguf"


def opened_gguf(file: Path) -> dict[str, Callable[[str], NDArray[Any]]]:
    """How to get each tensor as it is stored: blocks of quantised ones are bytes.

    Raises:
        BaseModelError: there is no reader of such files here.
    """
    try:
        from gguf import GGUFReader  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise _lacking_packages(file) from error
    stored: dict[str, NDArray[Any]] = {t.name: np.asarray(t.data) for t in GGUFReader(file).tensors}
    return dict.fromkeys(stored, stored.__getitem__)


def load_gguf(cls: Any, file: Path, dtype: "torch.dtype") -> "torch.nn.Module":  # noqa: ANN401
    """A part by its class; its quantised weights are brought to the number format as it works.

    Raises:
        BaseModelError: the class is not among those that diffusers loads from such files; or the
            file lacks weights, or has those of another model; or a package is missing.
    """
    from diffusers import GGUFQuantizationConfig
    from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES

    if cls.__name__ not in SINGLE_FILE_LOADABLE_CLASSES:
        raise BaseModelError(
            f"diffusers does not load {cls.__name__} from GGUF files",
            where=str(file),
            do="Use the weights that the model was published with, or quantise them by torchao.",
        )
    try:
        part: torch.nn.Module = cls.from_single_file(
            str(file),
            config=str(file.parent),
            quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
            torch_dtype=dtype,
            local_files_only=True,
        )
    except ImportError as error:
        raise _lacking_packages(file) from error
    except Exception as error:  # the libraries below raise anything at all
        if lack_of(error):
            raise
        raise BaseModelError(
            f"this GGUF file cannot be loaded ({first_line(error)})",
            where=str(file),
            do="Get it again whole; or it is of another model than its folder.",
        ) from error
    return part


def _lacking_packages(file: Path) -> BaseModelError:
    return BaseModelError(
        "a GGUF file needs two more packages",
        where=str(file),
        do=f"Run `{installing('gguf', 'accelerate')}`.",
    )
