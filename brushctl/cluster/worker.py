"""What each process of a cluster does: hold one editor, and edit what it is handed."""

import base64
import errno
import hashlib
import json
import pickle
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from brushctl.cluster.places import is_url, read, writing
from brushctl.cluster.planning import Task
from brushctl.errors import BrushctlError
from brushctl.photos.batch import Editor, Treatment
from brushctl.photos.fullres import to_full_size
from brushctl.photos.images import decode_photo, resize
from brushctl.photos.journal import Record, hash_file
from brushctl.photos.saving import kind_of, write_photo

Opener = Callable[[], AbstractContextManager[Editor]]
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every further photograph would meet too."""


def open_editor_of(data: bytes, settings: dict[str, Any]) -> AbstractContextManager[Editor]:
    """An editor for the bytes of a brush file, which no other machine need have."""
    from brushctl.brushes.file import decode_brush
    from brushctl.engine.editing import open_editor

    return open_editor(decode_brush(data), **settings)


class Painter:
    """An actor of Ray Data's: loads the base model once, then maps batches of tasks to lines.

    What would stop the whole run (a base model that is not there, a full disk) is no exception
    here, which Ray would take for a broken process and try again: it travels as a line.
    """

    def __init__(self, opener: Opener, treatment: Treatment) -> None:
        self._treatment = treatment
        self._refusal: Exception | None = None
        try:
            self._editor = opener().__enter__()
        except BrushctlError as error:
            self._refusal = error

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch's column `task`, JSON, to a column `line` of `packed` outcomes."""
        lines = [packed(self._outcome(Task(**json.loads(text)))) for text in batch["task"]]
        return {"line": np.array(lines, dtype=object)}

    def _outcome(self, task: Task) -> Record | Exception:
        if self._refusal:
            return self._refusal
        try:
            return edit_task(task, self._editor, self._treatment)
        except OSError as error:
            return error


def packed(outcome: Record | Exception) -> str:
    """A record, or what ends the run, as text that any column can hold."""
    if isinstance(outcome, Record):
        return json.dumps(outcome.to_dict())
    return json.dumps({"fatal": base64.b64encode(pickle.dumps(outcome)).decode()})


def unpacked(line: str) -> Record:
    """A line's record.

    Raises:
        Exception: what ends the run, as it was raised where it arose.
    """
    told = json.loads(line)
    if "fatal" in told:
        raise pickle.loads(base64.b64decode(told["fatal"]))  # our own processes made it
    return Record.from_dict(told)


def edit_task(task: Task, editor: Editor, treatment: Treatment) -> Record:
    """Edit one photograph; whatever goes wrong with it becomes a record of its failure.

    Raises:
        OSError: the disk is full or read-only.
    """
    started = time.monotonic()
    source: dict[str, Any] = dict(task.mark)
    try:
        if not is_url(task.source):
            source["mtime_ns"] = Path(task.source).stat().st_mtime_ns
        data = read(task.source)
        source |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        photo = decode_photo(data, task.key, first_frame=treatment.first_frame)
        (edited,) = editor.edit([resize(photo.pixels, editor.working_size(*photo.size))])
        full = to_full_size(photo.pixels, edited.before, edited.after, treatment.detail)
        kind = kind_of(Path(task.target), photo)
        how: dict[str, Any] = {"provenance": treatment.provenance, "strip": treatment.strip}
        with writing(task.target) as part:
            write_photo(part, full.pixels, photo, kind=kind, **how)
            sha256, size = hash_file(part), part.stat().st_size
        facts = {
            "size": list(photo.size),
            "detail": str(full.path),
            "residual": round(full.residual, 4),
            "reason": full.reason,
            "warnings": list(photo.warnings),
            "seconds": round(time.monotonic() - started, 3),
        }
        result = {"path": task.result, "sha256": sha256, "bytes": size}
        return Record(task.key, "done", treatment.settings, source, result, facts)
    except Exception as error:  # one bad file is one failed file
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        return Record(task.key, "failed", treatment.settings, source, error=_told(error))


def _told(error: Exception) -> dict[str, Any]:
    if isinstance(error, BrushctlError):
        return {"code": error.code, "what": error.what, "do": error.do}
    return {"code": "unexpected", "what": f"{type(error).__name__}: {error}", "do": None}
