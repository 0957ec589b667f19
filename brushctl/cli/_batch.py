"""How `brushctl learn --batch` shows what becomes of each set of pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushctl.app.learn_many import BatchOptions, BatchOutcome, SetDone, learn_many
from brushctl.app.learning_settings import LearningSettings
from brushctl.cli._output import print_line, say
from brushctl.cli._progress import reporting
from brushctl.cli._status import exit_with_failed, say_failed, unless_busy
from brushctl.events import Event, Message

if TYPE_CHECKING:
    from brushctl.events import Reporter


def learn_list(
    source: Path,
    output: str | None,
    settings: LearningSettings,
    options: BatchOptions,
    *,
    json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Learn many brushes, and tell of each; exits with 3 or 4 when brushes failed."""
    with unless_busy(json=json, quiet=quiet):
        with reporting(quiet=quiet, verbose=verbose) as show:
            report = _reporting_sets(show, json=json)
            outcome = learn_many(source, output, settings, options, report=report)
        _summarise(outcome, json=json, quiet=quiet)
        exit_with_failed(len(outcome.failed), outcome.learned + outcome.unchanged)


def _reporting_sets(show: "Reporter", *, json: bool) -> "Reporter":
    from brushctl.runs.records import Learned

    def report(event: Event) -> None:
        show(event)
        if not isinstance(event, SetDone):
            return
        if json:
            print_line({"event": "brush", **event.record.to_dict()})
        elif isinstance(event.record.facts, Learned):
            show(Message(f"{event.record.file}: {_worth(event.record.facts.judged)}"))

    return report


def _worth(judged: dict[str, Any] | None) -> str:
    """What a brush has come to, for people."""
    if judged is None:
        return "learned, but it could not be judged"
    unedited = f"unedited {judged['psnr_unedited']:.1f}; higher is better"
    figures = f"{judged['psnr']:.1f} dB ({unedited})"
    return f"{figures} on {judged['on']}"


def _summarise(outcome: BatchOutcome, *, json: bool, quiet: bool) -> None:
    done, unchanged, failed = outcome.learned, outcome.unchanged, len(outcome.failed)
    if json:
        counts = {"done": done, "unchanged": unchanged, "failed": failed}
        print_line({"event": "summary", **counts, "seconds": round(outcome.seconds, 3)})
    if not quiet:
        told = f"{done} learned, {unchanged} unchanged, {failed} failed"
        say(f"{told} (in {outcome.seconds:.0f} s)")
    say_failed(f"{record.file}: {record.failure}" for record in outcome.failed)
