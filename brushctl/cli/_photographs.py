"""How `brushctl apply` shows what is to become of photographs, and what has become of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brushctl.app.apply import ApplyOutcome
from brushctl.app.apply_plan import ApplySettings
from brushctl.app.choose import planned_actions
from brushctl.app.watch import Waiting
from brushctl.cli._output import print_fields, print_line, say
from brushctl.cli._progress import reporting
from brushctl.cli._status import exit_with_failed, say_failed
from brushctl.errors import Interrupted
from brushctl.files import STREAM
from brushctl.runs.plan import Plan
from brushctl.runs.records import FileDone

if TYPE_CHECKING:
    from brushctl.events import Event, Reporter
    from brushctl.runs.records import Record


@dataclass(slots=True)
class Tally:
    """How many photographs a run has edited, and could not edit."""

    done: int = 0
    failed: int = 0
    megapixels: float = 0.0

    def add(self, record: "Record") -> None:
        """Count a photograph."""
        if record.error:
            self.failed += 1
        else:
            self.done += 1
            self.megapixels += record.megapixels


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a run.

    Attributes:
        json: events as lines of JSON on stdout.
        quiet: on stderr only what is an error.
        verbose: a line for each photograph.
    """

    json: bool
    quiet: bool
    verbose: bool

    def plan(self, plan: Plan, settings: ApplySettings) -> None:
        """Print what a run would do, and touch nothing."""
        warn = (lambda _line: None) if self.quiet else say
        for action, job in planned_actions(plan, settings, warn):
            if self.json:
                source, target = job.source_file or STREAM, job.target_file or STREAM
                event = {"event": "plan", "action": action, "source": source, "target": target}
                print_line(event)
            else:
                source, target = job.called or STREAM, job.result_called or STREAM
                print_fields(f"{action}  {source} -> {target}")

    @contextmanager
    def reporting(self, tally: Tally | None = None) -> "Iterator[Reporter]":
        """Show what a run reports; each finished photograph is a line of JSON if asked for.

        Args:
            tally: counts the finished photographs.
        """
        with reporting(quiet=self.quiet, verbose=self.verbose) as show:

            def report(event: "Event") -> None:
                show(event)
                if isinstance(event, Waiting):
                    say(f"waiting: {event.reason}")
                elif isinstance(event, FileDone):
                    if tally:
                        tally.add(event.record)
                    if self.json:
                        _print_record(event.record, tried=True)

            yield report

    def conclude(self, outcome: ApplyOutcome) -> None:
        """Sum a run up, and exit as it went: 3 or 4 if photographs failed, 130 if some are left."""
        tally = Tally(failed=len(outcome.failed_before))
        for record in outcome.records:
            tally.add(record)
        if self.json:
            for record in outcome.failed_before:
                _print_record(record, tried=False)
        counts = {"done": tally.done, "unchanged": outcome.unchanged, "failed": tally.failed}
        if outcome.accepted:
            counts["accepted"] = outcome.accepted
        self.summarise(counts, tally.megapixels, outcome.seconds)
        if not self.quiet:
            say_failed(
                f"{outcome.named.get(record.file, record.photograph)}: {record.failure}"
                for record in outcome.failed_before
            )
        if outcome.left:
            raise Interrupted(
                f"stopped with {outcome.left} photographs left",
                do="Run the same command again to go on.",
            )
        exit_with_failed(tally.failed, tally.done + outcome.unchanged + outcome.accepted)

    def summarise(self, counts: dict[str, int], megapixels: float, seconds: float) -> None:
        """The last line of a run: what became of how many photographs."""
        if self.json:
            spent = {"megapixels": round(megapixels, 3), "seconds": round(seconds, 3)}
            print_line({"event": "summary", **counts, **spent})
        if not self.quiet:
            told = ", ".join(f"{count} {what}" for what, count in counts.items())
            say(f"{told} ({megapixels:.1f} MP in {seconds:.1f} s)" if megapixels else told)


def _print_record(record: "Record", *, tried: bool) -> None:
    """A line of JSON about a photograph; one that failed before was not tried again."""
    print_line({"event": "file", "tried": tried, **record.to_dict()})
