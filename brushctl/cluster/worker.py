"""What each process of a cluster does: hold one editor, and edit what it is handed."""

import base64
import hashlib
import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from brushctl.cluster.places import is_url, read, writing
from brushctl.cluster.planning import Task
from brushctl.errors import BrushctlError
from brushctl.photos.journal import Record, hash_file
from brushctl.photos.saving import kind_of
from brushctl.photos.treating import (
    Edited,
    Editor,
    Taken,
    Treatment,
    edit_taken,
    failed,
    put,
    take,
)

Opener = Callable[[], AbstractContextManager[Editor]]
IN_HAND = 50.0
"""Megapixels that a process holds decoded, unless one photograph alone has more."""


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
        tasks = [Task(**json.loads(text)) for text in batch["task"]]
        lines = [packed(outcome) for outcome in self._outcomes(tasks)]
        return {"line": np.array(lines, dtype=object)}

    def _outcomes(self, tasks: Sequence[Task]) -> Iterator[Record | Exception]:
        if self._refusal:
            yield from [self._refusal] * len(tasks)
            return
        window: list[tuple[Task, Taken | Record]] = []
        megapixels = 0.0
        try:
            for task in tasks:
                taken = _read(task, self._editor, self._treatment)
                window.append((task, taken))
                megapixels += taken.photo.megapixels if isinstance(taken, Taken) else 0
                if len(window) == self._editor.at_once or megapixels > IN_HAND:
                    yield from _edited(window, self._editor, self._treatment)
                    window, megapixels = [], 0.0
            yield from _edited(window, self._editor, self._treatment)
        except OSError as error:
            yield error


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


def _read(task: Task, editor: Editor, treatment: Treatment) -> Taken | Record:
    """A photograph in hand, or how it failed."""
    source: dict[str, Any] = dict(task.mark)
    try:
        if not is_url(task.source):
            source["mtime_ns"] = Path(task.source).stat().st_mtime_ns
        data = read(task.source)
        source |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        return take(data, task.key, source, editor, treatment)
    except Exception as error:  # one bad file is one failed file
        return failed(task.key, error, source, treatment)


def _edited(
    window: Sequence[tuple[Task, Taken | Record]], editor: Editor, treatment: Treatment
) -> Iterator[Record]:
    """Edit photographs together; what became of each.

    Raises:
        OSError: the disk is full or read-only.
    """
    results = iter(edit_taken(editor, [one for _, one in window if isinstance(one, Taken)]))
    for task, one in window:
        yield one if isinstance(one, Record) else _written(task, one, next(results), treatment)


def _written(task: Task, taken: Taken, edited: Edited | Exception, treatment: Treatment) -> Record:
    try:
        if isinstance(edited, Exception):
            raise edited
        with writing(task.target) as part:
            kind = kind_of(Path(task.target), taken.photo)
            facts = put(part, kind, taken, edited, treatment)
            sha256, size = hash_file(part), part.stat().st_size
    except Exception as error:
        return failed(task.key, error, taken.source, treatment)
    result = {"path": task.result, "sha256": sha256, "bytes": size}
    return Record(task.key, "done", treatment.settings, taken.source, result, facts)
