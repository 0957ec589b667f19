"""Runs of the command line in processes of their own, which can be signalled and killed."""

import multiprocessing
import os
import sys
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
    if uid:
        os.setgid(uid)
        os.setuid(uid)
    sys.argv = ["brushctl", "apply", *arguments]
    sys.modules["brushctl.engine.editing"] = tone_engine(**how)
    from brushctl.cli.app import main

    main()
