"""Other libraries at work without a word of theirs on stderr, and afterwards as they were."""

import logging
import sys
import threading
import warnings
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from types import ModuleType

import torch
from huggingface_hub.utils.tqdm import progress_bar_states

_one_at_a_time = threading.RLock()  # what is changed belongs to the whole process


@contextmanager
def quiet(device: torch.device | None = None) -> Generator[None]:
    """Load something with libraries that are imported; also a decorator.

    Args:
        device: where a model is made, whose weights the libraries draw before they read them:
            torch's random numbers go on as if they had not. None where none is made.
    """
    with _one_at_a_time, ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of renamed arguments
        _turn_down_libraries(stack)
        _hold_root_logger(stack)
        if device:
            cards = [device] if device.type == "cuda" else []
            stack.enter_context(torch.random.fork_rng(cards))
        yield


def _turn_down_libraries(stack: ExitStack) -> None:
    """Of diffusers and transformers, those that are loaded: neither is loaded for this."""
    # The bars of transformers are switched together with all of the hub's: these come back last.
    stack.callback(progress_bar_states.update, dict(progress_bar_states))
    stack.callback(progress_bar_states.clear)
    if "diffusers" in sys.modules:
        from diffusers.utils import logging as of_diffusers

        stack.callback(of_diffusers.set_verbosity, of_diffusers.get_verbosity())
        of_diffusers.set_verbosity_error()
        _turn_off_bars(of_diffusers, stack)
    if "transformers" in sys.modules:
        from transformers.utils import logging as of_transformers

        _turn_off_bars(of_transformers, stack)


def _turn_off_bars(library: ModuleType, stack: ExitStack) -> None:
    if library.is_progress_bar_enabled():
        stack.callback(library.enable_progress_bar)
        library.disable_progress_bar()


def _hold_root_logger(stack: ExitStack) -> None:
    """Let open_clip log through a root logger without handlers: Python would give it one."""
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.lastResort or logging.NullHandler()
        root.addHandler(handler)
        stack.callback(root.removeHandler, handler)
