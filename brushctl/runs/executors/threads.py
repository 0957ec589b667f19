"""Edit photographs in this process, whose threads read ahead of the model and write behind it."""

from collections.abc import Callable, Sequence
from contextlib import closing

from brushctl.events import Reporter, Stage, silent
from brushctl.runs.plan import Job, Plan
from brushctl.runs.records import Record
from brushctl.runs.resume import Sources
from brushctl.runs.steps import Editor, Progress, Treatment
from brushctl.runs.storage.base import AnyJournal
from brushctl.runs.windows import Photograph
from brushctl.runs.work import PhotographWorker, sent


def edit_photographs(
    plan: Plan,
    jobs: Sequence[Job],
    editor: Editor | None,
    treatment: Treatment,
    *,
    journal: AnyJournal | None,
    stop: Callable[[], bool] = lambda: False,
    report: Reporter = silent,
) -> list[Record]:
    """Edit photographs, writing each result and its line in the journal.

    Args:
        plan: where the results go.
        jobs: the photographs of it that are to be edited.
        editor: the model with its brush, if there is one.
        treatment: how.
        journal: the output folder's, None where there is none.
        stop: asked between windows; true ends the run when what has been edited is written.
        report: is told how far it has come, and of each photograph.

    Returns:
        what became of each photograph, in the order of `jobs`, as far as it got.

    Raises:
        OSError: the disk is full or read-only.
        StorageError: the storage takes no line of the journal.
    """
    report(Stage("editing photographs", len(jobs)))
    if journal and not journal.appends:
        journal.write(*sent(jobs, journal))
    progress, sources = Progress(report, jobs), Sources(plan.output)
    worker = PhotographWorker(editor, treatment, output=plan.output, journal=journal)
    photographs = (Photograph(job, sources.of(job)) for job in jobs)
    with closing(worker(photographs, stop)) as records:
        for record in records:
            progress.add(record, note=f"  {record.photograph}")
    return progress.records
