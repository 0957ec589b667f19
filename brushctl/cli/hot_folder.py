"""How `brushctl apply --watch` runs: until a signal, over whatever arrives in folders."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from brushctl.app.apply import edit_here, left_alone, sweep_plan
from brushctl.app.apply_plan import passed_over
from brushctl.cli._output import say
from brushctl.cli._signals import stopping_gently
from brushctl.cli.applying import Command, reporting_files
from brushctl.errors import PlanError, UsageError
from brushctl.files import STREAM, expanded, remove_unfinished
from brushctl.photos.choices import Engine
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import STATE, check_outside, plan_folder

if TYPE_CHECKING:
    from brushctl.runs.journal import Journal
    from brushctl.runs.steps import Editor
    from brushctl.runs.watch import HotFolders

LOOK_INTERVAL = 1.0
"""Seconds between two looks; more where nothing happens and a look is dear."""


def check_endless(engine: Engine, report: Path | None, *, narrowed: bool) -> None:
    """See that nothing is asked of a hot folder that only a run with an end can do.

    Raises:
        UsageError: something is.
    """
    if report:
        raise UsageError("--report needs a run that ends", do="Leave --watch out.")
    if engine is Engine.RAY:
        raise UsageError("--watch needs the local engine", do="Call a cluster from cron.")
    if narrowed:
        raise UsageError(
            "--watch goes on for ever, over folders",
            do="Leave out --dry-run, --overwrite, --retry-failed, --checksum and --files-from.",
        )


def watchable(
    named: tuple[str, ...], output: str | None, *, in_place: bool
) -> tuple[tuple[str, ...], Path]:
    """The hot folders and the output folder, if they are what they must be.

    Raises:
        UsageError: they are not.
    """
    if not named or in_place or output is None or output == STREAM:
        raise UsageError("--watch needs input folders and an output folder (-o)")
    for folder in named:
        if not expanded(folder).is_dir():
            raise UsageError("--watch needs folders to watch", where=folder)
    return named, expanded(output)


def watch_folder(
    command: Command, folders: Sequence[str], output: Path, *, template: str, settle: float
) -> None:
    """Edit what arrives in folders until a signal; one editor and one lock throughout."""
    from brushctl.runs.journal import Journal
    from brushctl.runs.watch import HotFolders, rest_after, wait

    check_outside((expanded(folder) for folder in folders), output)
    watch = _Watch(command, HotFolders(folders, settle), folders, output, template)
    with (
        stopping_gently(remove_unfinished) as stop,
        Journal(output / STATE, command.mention) as journal,
        command.open_editor() as editor,
    ):
        command.mention(f"watching {', '.join(folders)}; Ctrl-C ends")
        while not stop():
            started = time.thread_time()
            busy = watch.look(journal, editor, stop)
            rest = 0 if busy else rest_after(time.thread_time() - started)
            wait(max(LOOK_INTERVAL, rest), lambda: stop() or watch.hot.has_news())


@dataclass(slots=True)
class _Watch:
    """What is done at each look, and what has been said already."""

    command: Command
    hot: "HotFolders"
    folders: Sequence[str]
    output: Path
    template: str
    waiting: str = ""
    warned: set[str] = field(default_factory=set)

    def look(self, journal: "Journal", editor: "Editor", stop: Callable[[], bool]) -> bool:
        """Edit what is whole and not done; returns whether more is likely soon."""
        try:
            self.hot.look(self._warn_passed_over)
            changed = bool(self.hot.whole) and not self.hot.is_done()
            if changed:
                self._see_to(journal, editor, stop)
            self.waiting = ""
        except PlanError as error:  # a share that is away, two files of one name: it may pass
            self.hot.forget()
            if str(error) != self.waiting:
                self.waiting = str(error)
                say(f"waiting: {self.waiting}")
            return False
        return changed or self.hot.settling

    def _see_to(self, journal: "Journal", editor: "Editor", stop: Callable[[], bool]) -> None:
        found = find_inputs(self.folders, passed_over=self._warn_passed_over)
        inputs = [item for item in found if item.file in self.hot.whole]
        if not inputs:
            return
        settings = self.command.settings
        plan = plan_folder(inputs, self.output, template=self.template, brush=settings.brush)
        self.hot.note(plan)
        selection = settings.select(plan, journal.records)
        for line in left_alone(selection):
            self._warn(line)
        if selection.todo:
            sweep_plan(plan)
            with reporting_files(json=self.command.json, quiet=self.command.quiet) as report:
                edit_here(plan, selection, settings, editor, journal, stop=stop, report=report)

    def _warn(self, line: str) -> None:
        if line not in self.warned:
            self.warned.add(line)
            self.command.mention(line)

    def _warn_passed_over(self, folder: str, why: str) -> None:
        self._warn(passed_over(folder, why))
