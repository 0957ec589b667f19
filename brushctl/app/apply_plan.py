"""How photographs are edited, and which file each becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from brushctl import __version__
from brushctl.brushes import limits
from brushctl.brushes.cache import SUFFIX
from brushctl.brushes.fields import as_usage_errors
from brushctl.errors import UsageError
from brushctl.events import Message, Reporter, silent
from brushctl.files import STREAM
from brushctl.photos.choices import FOR_SHARES, Detail, Effort
from brushctl.reading import is_pipe
from brushctl.runs.inputs import Input, find_inputs, read_list
from brushctl.runs.naming import TEMPLATE, names_picture
from brushctl.runs.plan import (
    Plan,
    check_not_empty,
    check_room,
    plan_folder,
    plan_in_place,
    plan_single,
)
from brushctl.runs.rest import Rest
from brushctl.runs.storage.base import path_in, real_names, storage_of

if TYPE_CHECKING:
    from brushctl.brushes.metadata import Metadata
    from brushctl.runs.records import Record
    from brushctl.runs.resume import Selection
    from brushctl.runs.steps import Treatment


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """How photographs are edited, and which of them again.

    Attributes:
        brush: the brush's name.
        sha256: the hash of its content.
        sampling: what its editor is opened with, as the journal keeps it.
        detail: where fine detail comes from.
        first_frame: of a file of several pictures, edit the first.
        strip: drop the photograph's own metadata.
        provenance: say in XMP which brush made the edit.
        quality: of the encoder; None for the photograph's own, or the format's usual one.
        overwrite: edit every photograph again.
        on_top: in place, edit the results of other edits too.
        retry_failed: try those again that failed.
        accept_failed: of those that failed before, tell no more until they change.
        checksum: compare contents, also of files whose size and time are as they were.
    """

    brush: str
    sha256: str
    sampling: dict[str, Any]
    detail: Detail = Detail.AUTO
    first_frame: bool = False
    strip: bool = False
    provenance: bool = True
    quality: int | None = None
    overwrite: bool = False
    on_top: bool = False
    retry_failed: bool = False
    accept_failed: bool = False
    checksum: bool = False

    def treatment(self) -> "Treatment":
        """How each photograph is treated."""
        from brushctl.photos.metadata.blocks import Provenance
        from brushctl.runs.steps import Treatment

        settings: dict[str, Any] = {
            "brush": self.brush,
            "brush_sha256": self.sha256,
            **self.sampling,
            "detail": str(self.detail),
            "first_frame": self.first_frame,
            "strip": self.strip,
            "provenance": self.provenance,
        }
        if self.quality is not None:  # results of runs before, which did not ask, still hold
            settings["quality"] = self.quality
        told = Provenance(self.brush, self.sha256, f"brushctl {__version__}")
        return Treatment(
            settings=settings,
            detail=self.detail,
            first_frame=self.first_frame,
            strip=self.strip,
            provenance=told if self.provenance else None,
            quality=self.quality,
            on_top=self.on_top or self.overwrite,
        )

    def select(self, plan: Plan, records: "dict[str, Record]") -> "Selection":
        """What of a plan is still to be done, once there is room for it."""
        from brushctl.runs.resume import select

        selection = select(
            plan,
            records,
            self.treatment(),
            overwrite=self.overwrite,
            on_top=self.on_top,
            retry_failed=self.retry_failed,
            checksum=self.checksum,
        )
        target = next((job.target_file for job in selection.todo if job.target_file), None)
        if target is not None:
            check_room(selection.todo, plan.output or str(PurePath(target).parent))
        return selection


def sampling_of(
    metadata: "Metadata",
    *,
    seed: int,
    strength: float,
    effort: Effort = Effort.BEST,
    asked: Sequence[str] = (),
    report: Reporter = silent,
    **given: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """What a brush's editor is opened with, and its results depend on.

    Args:
        metadata: the brush's.
        seed: fixes every draw.
        strength: of the edit.
        effort: the share of the brush's own steps that is taken.
        asked: further options that are asked for: see `asked_of_model`.
        report: is told of settings that the brush has no use for.
        given: `steps`, `s_T`, `s_I`, `base` and `dtype`; None where nothing is asked for.

    Raises:
        UsageError: one is not what a brush might have, or both steps and an effort are given.
    """
    with as_usage_errors(do=FOR_SHARES):
        limits.strength(strength, "--strength")
    if metadata.buckets is None or metadata.apply is None:
        idle = [OPTIONS[name] for name, value in given.items() if value is not None]
        idle += ["--effort"] * (effort is not Effort.BEST)
        idle += [*(["--seed"] if seed else []), *asked]
        if idle:
            report(
                Message(
                    f"{', '.join(idle)}: ignored: the brush is a grade alone, and needs no model"
                )
            )
        return {"strength": strength}
    if fewer := effort.fewer(metadata.apply.steps):
        if given["steps"]:
            raise UsageError("--steps and --effort contradict each other", do="Give one of them.")
        given["steps"] = fewer
    if metadata.instruction_part().base.family:
        scales = [name for name in ("s_T", "s_I") if given[name] is not None]
        if scales:
            options = ", ".join(OPTIONS[name] for name in scales)
            report(Message(f"{options}: ignored: transformers take no guidance scales"))
        given |= dict.fromkeys(scales)
    _check_sampling(given["steps"], given["s_T"], given["s_I"], schedule=metadata.buckets.edges[-1])
    return {"seed": seed, **given, "strength": strength}


def asked_of_model(*, device: str, detail: Detail) -> tuple[str, ...]:
    """Those of these options that are asked for: a brush with a grade alone has no use for them."""
    asked = {
        "--device": device != "auto",
        "--detail": detail is not Detail.AUTO,
    }
    return tuple(option for option, is_asked in asked.items() if is_asked)


OPTIONS = {
    "steps": "--steps",
    "s_T": "--s-t",
    "s_I": "--s-i",
    "base": "--base",
    "dtype": "--dtype",
}


def _check_sampling(
    steps: int | None, s_T: float | None, s_I: float | None, *, schedule: int
) -> None:
    """See that what is given in place of a brush's own settings is what a brush might have.

    Raises:
        UsageError: it is not.
    """
    with as_usage_errors():
        if steps is not None:
            limits.sampling_steps(schedule)(steps, "--steps")
        for option, scale in (("--s-t", s_T), ("--s-i", s_I)):
            if scale is not None:
                limits.guidance(scale, option)
    if s_T == 0:
        raise UsageError(
            "a text guidance scale of 0 ignores the brush", do="Use a scale above 0 (1 is plain)."
        )


def _check_in_place(settings: ApplySettings, named: tuple[str, ...], output: str | None) -> None:
    if settings.first_frame:
        raise UsageError(
            "--in-place with --first-frame would lose the other frames", do="Use -o FOLDER."
        )
    if output is not None:
        raise UsageError("--in-place and -o contradict each other", do="Give one of them.")
    streams = [name for name in named if name == STREAM or is_pipe(Path(name))]
    if STREAM in streams or (named and streams == list(named)):
        stream = streams[0]
        raise UsageError(f"--in-place replaces files, and {stream} is a stream", do="Name files.")


def plan_photographs(
    settings: ApplySettings,
    named: tuple[str, ...],
    output: str | None,
    *,
    files_from: str | None = None,
    template: str = TEMPLATE,
    in_place: bool = False,
    report: Reporter = silent,
) -> Plan | None:
    """What to do; None where a list of files is all that is named, and is empty.

    Args:
        settings: how photographs are edited.
        named: files, folders, patterns, by path or URL; or `-` alone, standard input.
        output: a folder, a file for one photograph, or `-`, standard output.
        files_from: a list of files.
        template: the results' names.
        in_place: each photograph is replaced by its result.
        report: is told what is passed over.

    Raises:
        UsageError: that contradicts itself.
        PlanError: photographs cannot be found, or results cannot go where they should.
    """
    if in_place:
        _check_in_place(settings, named, output)
    elif settings.on_top:
        raise UsageError("--on-top works with --in-place", do="Add --in-place, or leave it out.")
    if STREAM in named or output == STREAM:
        return _plan_stream(named, files_from, output)
    if not named and files_from is None:
        raise UsageError("no photographs are named", do="Name files or folders, or - for stdin.")
    if output is None and not in_place:
        raise UsageError("no output is named", do="Add -o FOLDER, or --in-place.")
    listed = () if files_from is None else read_list(files_from)
    if not named and not listed:
        return None

    def warn(folder: str, why: str) -> None:
        report(Message(passed_over(folder, why)))

    rest = Rest()
    found = find_inputs(named, listed, passed_over=warn, rest=rest)
    if not in_place:
        found = _without_results_below(found, named, rest)
    check_not_empty(found, rest, ", ".join(named) or None)
    if told := rest.told():
        report(Message(f"passed over: {told}"))
    if output is None:
        return plan_in_place(found)
    target = storage_of(output).canonical(output)
    one_file = len(named) == len(found) == 1 and found[0].root is None
    if output.endswith(SUFFIX) and not Path(path_in(output)).is_dir():
        do = "Name a folder for the results."
        raise UsageError("this names a brush, and results are photographs", where=output, do=do)
    if names_picture(path_in(output)):
        if one_file:
            return plan_single(found[0].file, target, listed=found[0].listed)
        raise UsageError(
            "this names one file, and there may be several results",
            where=output,
            do=f"Name a folder: {output}/.",
        )
    photographs = _without_results(found, target, report)
    return plan_folder(photographs, target, template=template, brush=settings.brush)


def _plan_stream(named: tuple[str, ...], files_from: str | None, output: str | None) -> Plan:
    one = UsageError("a standard stream carries one photograph", do="Name exactly one input.")
    if len(named) != 1 or files_from is not None:
        raise one
    if named != (STREAM,):
        found = find_inputs(named)
        if len(found) != 1 or found[0].root:
            raise one
        return plan_single(found[0].file, None, listed=found[0].listed)
    target = None if output in (None, STREAM) else storage_of(output).canonical(output)
    return plan_single(None, target)


def _without_results_below(found: list[Input], named: Sequence[str], rest: Rest) -> list[Input]:
    """What of the inputs are no results of earlier runs into folders below those named.

    Whoever names the folder of results itself has them edited, by another brush say.
    """
    from brushctl.runs.resume import results_among

    if not rest.journals:
        return found
    real, made = real_names(), set[str]()
    names = {real(item.file) for item in found if item.root}
    asked_for = {real(storage_of(name).canonical(name)) for name in named}
    for folder in rest.journals:
        if real(folder) not in asked_for:
            made |= results_among(names, folder)
    left = [item for item in found if not item.root or real(item.file) not in made]
    rest.results = len(found) - len(left)
    return left


def _without_results(found: list[Input], output: str, report: Reporter) -> list[Input]:
    """What of the inputs no earlier run has made: beside its results, a pattern finds them too."""
    from brushctl.runs.resume import results_among

    real = real_names()
    names = [real(item.file) for item in found]
    made = results_among(names, output)
    if not made:
        return found
    photographs = [item for item, name in zip(found, names, strict=True) if name not in made]
    count = len(found) - len(photographs)
    results = f"{count} result{'s' * (count != 1)} of earlier runs into {output}"
    report(Message(f"passed over: {results}. Choose another output folder to edit them."))
    return photographs


def passed_over(folder: str, why: str) -> str:
    """A warning of a folder that is not searched."""
    return f"warning: {folder}: the folder is passed over ({why})"
