"""Edit what arrives in hot folders until told to stop; one editor and one lock throughout."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.apply import Stop
from brushctl.app.apply_plan import ApplySettings, passed_over
from brushctl.app.choose import choose
from brushctl.app.editors import loaded
from brushctl.errors import PlanError, UsageError
from brushctl.events import Event, Message, Reporter
from brushctl.files import STREAM, expanded
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import STATE, check_outside, plan_folder
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import is_url, path_in

if TYPE_CHECKING:
    from brushctl.brushes.file import Brush
    from brushctl.runs.journal import Journal
    from brushctl.runs.steps import Editor, Treatment
    from brushctl.runs.watch import HotFolders

Reporting = Callable[[], AbstractContextManager[Reporter]]
"""Opens a reporter for a while: where nothing happens for hours, nothing is to be shown either."""

LOOK_INTERVAL = 1.0
"""Seconds between two looks; more where nothing happens and a look is dear."""


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """Something keeps the work from going on, and may pass: a share that is away, say."""

    reason: str


def watchable(
    named: Sequence[str], output: str | None, *, in_place: bool
) -> tuple[tuple[str, ...], Path]:
    """The hot folders and the output folder, if they are what they must be.

    Raises:
        UsageError: they are not.
    """
    if not named or in_place or output is None or output == STREAM:
        raise UsageError("--watch needs input folders and an output folder (-o)")
    if is_url(output):
        raise UsageError("--watch needs an output folder with a path", where=output)
    folders = tuple(map(path_in, named))
    for folder in folders:
        if not expanded(folder).is_dir():
            raise UsageError("--watch needs folders to watch", where=folder)
    return folders, expanded(path_in(output))


def watch_folders(
    folders: Sequence[str],
    output: Path,
    settings: ApplySettings,
    read: "Callable[[], Brush]",
    device: str,
    *,
    template: str,
    settle: float,
    stop: Stop,
    reporting: Reporting,
) -> None:
    """Edit what arrives in folders.

    Args:
        folders: they, and all that is below them.
        output: where the results go.
        settings: how photographs are edited.
        read: gives the brush.
        device: what its model works on, if it needs one.
        template: the results' names.
        settle: seconds for which a file must have stayed as it is.
        stop: true ends the work when what is in hand is done.
        reporting: opens a reporter when there is something to report.

    Raises:
        PlanError: the output folder lies inside one of the folders.
        OutputBusyError: another run writes into the output folder.
        OSError: the disk is full or read-only.
    """
    from brushctl.runs.journal import Journal
    from brushctl.runs.watch import HotFolders, rest_after, wait

    def warn(line: str) -> None:
        _report(reporting, Message(line))

    check_outside((str(expanded(folder)) for folder in folders), str(output))
    hot = HotFolders(folders, settle)
    with (
        Journal(output / STATE, warn) as journal,
        loaded(read, settings, device) as (editor, treatment),
    ):
        watch = _Watch(
            hot, folders, output, template, settings, journal, editor, treatment, stop, reporting
        )
        _report(reporting, Message(f"watching {', '.join(folders)}; Ctrl-C ends"))
        while not stop():
            started = time.thread_time()
            busy = watch.look()
            rest = 0 if busy else rest_after(time.thread_time() - started)
            wait(max(LOOK_INTERVAL, rest), lambda: stop() or hot.has_news())


@dataclass(slots=True)
class _Watch:
    """What is done at each look, and what has been reported already."""

    hot: "HotFolders"
    folders: Sequence[str]
    output: Path
    template: str
    settings: ApplySettings
    journal: "Journal"
    editor: "Editor | None"
    treatment: "Treatment"
    stop: Stop
    reporting: Reporting
    waiting: str = ""
    warned: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """Edit what is whole and not done; returns whether more is likely soon."""
        try:
            self.hot.look(self._warn_passed_over, rest := Rest())
            if told := rest.told(counted=False):
                self._warn(f"passed over: {told}")
            changed = bool(self.hot.whole) and not self.hot.is_done()
            if changed:
                self._edit_changed()
            self.waiting = ""
        except PlanError as error:  # a share that is away, two files of one name: it may pass
            self.hot.forget()
            self._wait_for(str(error))
            return False
        return changed or self.hot.settling

    def _edit_changed(self) -> None:
        from brushctl.runs.executors.threads import edit_photographs
        from brushctl.runs.work import sweep

        found = find_inputs(self.folders, passed_over=self._warn_passed_over)
        inputs = [item for item in found if item.file in self.hot.whole]
        if not inputs:
            return
        plan = plan_folder(inputs, self.output, template=self.template, brush=self.settings.brush)
        self.hot.note(plan)
        selection = choose(plan, self.settings, self.journal, self._warn)
        if not selection.todo:
            return
        sweep(plan.jobs, plan.output)
        with self.reporting() as report:
            edit_photographs(
                plan,
                selection.todo,
                self.editor,
                self.treatment,
                journal=self.journal,
                stop=self.stop,
                report=report,
            )

    def _wait_for(self, reason: str) -> None:
        if reason != self.waiting:
            self.waiting = reason
            _report(self.reporting, Waiting(reason))

    def _warn(self, line: str) -> None:
        if line not in self.warned:
            self.warned.add(line)
            _report(self.reporting, Message(line))

    def _warn_passed_over(self, folder: str, why: str) -> None:
        self._warn(passed_over(folder, why))


def _report(reporting: Reporting, event: Event) -> None:
    with reporting() as report:
        report(event)
