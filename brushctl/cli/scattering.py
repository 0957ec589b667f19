"""`brushctl apply --engine ray`: the same run, its photographs spread over a Ray cluster."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.apply import ApplyOutcome, left_alone
from brushctl.app.machines import Machines
from brushctl.cli._signals import stopping_gently
from brushctl.cli.applying import (
    Command,
    conclude,
    reporting_files,
    run_once,
    show_action,
)
from brushctl.errors import UsageError
from brushctl.files import read_bytes
from brushctl.photos.choices import Engine
from brushctl.runs.naming import names_picture
from brushctl.runs.plan import STATE, Plan, check_free, check_writable

if TYPE_CHECKING:
    from brushctl.events import Reporter
    from brushctl.runs.executors.distributed import AnyJournal
    from brushctl.runs.journal import Journal
    from brushctl.runs.records import Record
    from brushctl.runs.remote_plan import Chosen, Task
    from brushctl.runs.resume import Selection
    from brushctl.runs.storage.segments import SegmentedJournal


@dataclass(frozen=True, slots=True)
class Scatter:
    """What a cluster has to know beside the command line that every run has.

    Attributes:
        brush: its file.
        editor: the settings that its editor is opened with.
        machines: the cluster.
    """

    brush: Path
    editor: dict[str, Any]
    machines: Machines

    def edit(
        self,
        command: Command,
        tasks: "Sequence[Task]",
        journal: "AnyJournal",
        stop: Callable[[], bool],
        report: "Reporter",
    ) -> "list[Record]":
        """Have the cluster edit; return what became of each photograph."""
        from brushctl.runs.executors.distributed import edit_on_cluster
        from brushctl.runs.worker import open_editor_of

        with self.machines.joined(report) as pool:
            settings = {
                **self.editor,
                "base": self.machines.base(self.editor["base"]),
                "dtype": self.machines.dtype(self.editor["dtype"], pool),
            }
            return edit_on_cluster(
                tasks,
                partial(open_editor_of, read_bytes(self.brush), settings),
                command.settings.treatment(),
                journal=journal,
                pool=pool,
                stop=stop,
                report=report,
            )


def is_remote(
    named: Sequence[str], output: str | None, engine: Engine, *, paths_only: bool
) -> bool:
    """Whether a run's files are given by URL.

    Raises:
        UsageError: they are, but the engine or other options do not take them.
    """
    if not any("://" in name for name in (*named, output or "")):
        return False
    if engine is not Engine.RAY:
        raise UsageError(
            "URLs are read and written by the cluster's engine", do="Add --engine ray."
        )
    if paths_only:
        raise UsageError(
            "--in-place, --files-from and --checksum are for paths, not for URLs",
            do="Name the photographs as arguments, and an output folder with -o.",
        )
    return True


def scatter_once(command: Command, scatter: Scatter, plan: Plan) -> None:
    """Carry a plan out on the cluster; every machine of it must see the same files.

    Raises:
        UsageError: the run is of a kind that one process does.
    """
    if plan.state is None or any(job.in_place for job in plan.jobs):
        raise _no_folder()

    def edit(
        plan: Plan,
        selection: "Selection",
        journal: "Journal",
        stop: Callable[[], bool],
        report: "Reporter",
    ) -> "list[Record]":
        from brushctl.runs.remote_plan import tasks_of

        return scatter.edit(command, tasks_of(plan, selection.todo), journal, stop, report)

    run_once(command, plan, edit)


def scatter_urls(
    command: Command,
    scatter: Scatter,
    named: Sequence[str],
    output: str | None,
    *,
    template: str,
    dry_run: bool,
) -> None:
    """Edit photographs given by URL, or into a folder given by URL."""
    if command.report:
        raise UsageError("--report needs photographs and results with paths", do="Leave it out.")
    if not named or output is None:
        raise UsageError(
            "photographs at URLs need an output folder",
            do="Name photographs or folders of them, and -o FOLDER.",
        )
    from brushctl.runs.remote_plan import plan_urls, select_urls
    from brushctl.runs.storage.remote import canonical, find_photographs, sizes_below

    started = time.monotonic()
    found = find_photographs(named)
    if len(named) == len(found) == 1 and found[0].folder is None and names_picture(output):
        raise _no_folder()
    output = canonical(output)
    tasks = plan_urls(found, output, template=template, brush=command.settings.brush)

    def chosen_of(records: "dict[str, Record]") -> "Chosen":
        return select_urls(
            tasks,
            records,
            command.settings.treatment().settings,
            sizes_below(output),
            overwrite=command.settings.overwrite,
            retry_failed=command.settings.retry_failed,
        )

    local = _local(output)
    if local:
        check_writable(local)
    if dry_run:
        _show(command, tasks, chosen_of(_records(output)))
        return
    with stopping_gently() as stop, _journal(output, command.mention) as journal:
        chosen = chosen_of(journal.records)
        if local:
            check_free(sum(task.mark.bytes or 0 for task in chosen.todo), local)
        for line in left_alone(chosen):
            command.mention(line)
        records: list[Record] = []
        if chosen.todo:
            with reporting_files(json=command.json, quiet=command.quiet) as report:
                records = scatter.edit(command, chosen.todo, journal, stop, report)
    outcome = ApplyOutcome(
        records=records,
        failed_before=chosen.failed,
        unchanged=chosen.current,
        left=len(chosen.todo) - len(records),
        seconds=time.monotonic() - started,
    )
    conclude(command, outcome)


def _no_folder() -> UsageError:
    return UsageError(
        "a cluster edits photographs into an output folder", do="Use -o FOLDER, or one process."
    )


def _local(output: str) -> Path | None:
    """The output folder if it is one of this machine's, not in object storage."""
    from brushctl.runs.storage.remote import is_url, plain

    folder = plain(output)
    return None if is_url(folder) else Path(folder)


def _journal(
    output: str, warn: Callable[[str], None]
) -> "AbstractContextManager[Journal | SegmentedJournal]":
    from brushctl.runs.journal import Journal
    from brushctl.runs.storage.segments import SegmentedJournal

    local = _local(output)
    return Journal(local / STATE, warn) if local else SegmentedJournal(output, warn)


def _records(output: str) -> "dict[str, Record]":
    from brushctl.runs.journal import journal_in
    from brushctl.runs.storage.segments import read_segments

    local = _local(output)
    return journal_in(local / STATE) if local else read_segments(output)


def _show(command: Command, tasks: "Sequence[Task]", chosen: "Chosen") -> None:
    todo = {task.key for task in chosen.todo}
    failed = {record.file for record in chosen.failed}
    for task in tasks:
        action = "edit" if task.key in todo else "skip" if task.key in failed else "keep"
        show_action(command, action, task.source, task.target)
