"""Runs of the command line in processes of their own, which can be signalled and killed."""

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.photos.driver import tone_engine

# Forked from one that has imported the program, or each would spend seconds on that.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.photos.warm"])


def start(folder: Path, *arguments: str, seconds: float = 0) -> BaseProcess:
    """`brushctl apply` with these arguments, in `folder`; each edit takes so many seconds."""
    process = _processes.Process(target=_run, args=(folder, arguments, seconds))
    process.start()
    return process


def _run(folder: Path, arguments: tuple[str, ...], seconds: float) -> None:
    os.chdir(folder)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    sys.argv = ["brushctl", "apply", *arguments]
    sys.modules["brushctl.engine.editing"] = tone_engine(seconds)
    from brushctl.cli.app import main

    main()
