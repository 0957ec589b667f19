"""Runs of the command line in processes of their own, which can be signalled and killed."""

import contextlib
import multiprocessing
import os
import sys
import tempfile
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.photos.driver import tone_engine

# Forked from one that has imported the program, or each would spend seconds on that.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.photos.warm"])


def start(folder: Path, *arguments: str, uid: int = 0, **how: Any) -> BaseProcess:
    """`brushctl apply` with these arguments, in `folder`.

    Args:
        folder: where it runs; it writes what it says to the file `said` there.
        arguments: the command line.
        uid: the user it runs as, 0 for this process's own.
        how: the editor's behaviour, as ToneEditor has it: the `seconds` of each edit, say.
    """
    process = _processes.Process(target=_run, args=(folder, arguments, uid, how))
    process.start()
    return process


def _run(folder: Path, arguments: tuple[str, ...], uid: int, how: dict[str, Any]) -> None:
    os.chdir(folder)
    sys.stderr = Path("said").open("w")  # noqa: SIM115
    os.dup2(sys.stderr.fileno(), 2)
    sys.modules["brushctl.engine.sampler"] = tone_engine(**how)
    if uid:
        # What is imported late may lie where another user may not look: have it imported now.
        with tempfile.TemporaryDirectory() as scratch, contextlib.suppress(SystemExit):
            _apply("dusk.brush", "in/a.jpg", "-o", scratch)
        os.setgid(uid)
        os.setuid(uid)
    _apply(*arguments)


def _apply(*arguments: str) -> None:
    from brushctl.cli.app import main

    sys.argv = ["brushctl", "apply", *arguments]
    main()
