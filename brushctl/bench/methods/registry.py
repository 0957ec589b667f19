"""The compared methods (section 6): each learns from an effect's pairs, then edits pictures."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from brushctl.bench.effects import Effect
from brushctl.bench.methods.brush import BrushLearner, Pictures, by_grade, fit
from brushctl.bench.methods.clip_direction import direction_of
from brushctl.bench.methods.visii import invert
from brushctl.bench.metrics import Pixels
from brushctl.engine.brush.instruction import Instruction, from_text
from brushctl.engine.brush.scales import Scales
from brushctl.engine.flow.editor import FlowEditor
from brushctl.engine.flow.model import FlowModel
from brushctl.engine.flow.offsets import Offsets, in_words
from brushctl.engine.model.base import AnyBase, BaseModel
from brushctl.engine.model.fingerprint import digest_of_modules
from brushctl.engine.phrases.clip import TINY_CLIP, Clip
from brushctl.engine.phrases.unique_phrase import ETA, PHRASES, SHARE, find_phrase, vocabulary_of
from brushctl.engine.sampler import AnyEditor, Editor
from brushctl.engine.training.loop import train
from brushctl.engine.training.objective import AnyInstruction
from brushctl.engine.training.recipes import DEFAULT, PAPER, Recipe
from brushctl.errors import UsageError
from brushctl.events import Reporter, silent
from brushctl.grade import Grade
from brushctl.grade.lattice_fit import fit_lattice

VISII = Recipe(
    name="visii", steps=1000, batch=1, rate=1e-3, decay=False, scales=PAPER.scales, buckets=1
)
"""Visii's published configuration, at the guidance it is published with."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What methods work with.

    Attributes:
        base: the frozen model.
        clip: names what changes.
        steps: optimisation steps in place of the default recipe's; None for these. Published
            configurations keep their own: with other steps they would be something else.
        seed: fixes every draw.
    """

    base: AnyBase
    clip: Clip
    steps: int | None
    seed: int

    @property
    def clip_name(self) -> str:
        """The CLIP's name for people: the project's own is known by a path."""
        return "tiny-clip" if self.clip.id == str(TINY_CLIP) else self.clip.id

    def models_digest(self) -> str:
        """Of all that cases depend on besides the U-Net or transformer, and of the phrases."""
        parts = [self.base.vae, *self.base.encoders, self.clip.model]
        facts = [digest_of_modules(parts), vocabulary_of(self.clip), PHRASES, ETA, SHARE]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def recipe(self, recipe: Recipe, pairs: int, *, buckets: int | None = None) -> Recipe:
        """The recipe for so many training pairs under this bench's budget.

        With fewer buckets each has more samples a step, so that as many are drawn in all.
        """
        buckets = buckets or recipe.buckets
        return replace(
            recipe.for_pairs(pairs, self.steps if recipe is DEFAULT else None),
            batch=recipe.batch * recipe.buckets // buckets,
            buckets=buckets,
        )


Edit = Callable[[Sequence[Pixels]], list[Pixels]]


@dataclass(frozen=True, slots=True)
class LearnedEdit:
    """What a method has made of an effect's training pairs.

    Attributes:
        phrase: the words it started from, if any.
        instruction: for methods that edit through the base model.
        direct: for methods that do not, the edit itself.
    """

    phrase: str | None = None
    instruction: AnyInstruction | None = None
    direct: Edit | None = None

    def edit(self, bench: Bench, pictures: Sequence[Pixels], scales: Scales | None) -> list[Pixels]:
        """The pictures edited, under guidance where the method has any."""
        if self.direct:
            return self.direct(pictures)
        assert self.instruction is not None
        with _editor(bench, self.instruction, scales) as editor:
            return [edited.after for edited in editor.edit(pictures)]

    @property
    def guided(self) -> bool:
        """Whether it edits under eq. 3."""
        return isinstance(self.instruction, Instruction)


def _editor(bench: Bench, instruction: AnyInstruction, scales: Scales | None = None) -> AnyEditor:
    if isinstance(instruction, Offsets):
        assert isinstance(bench.base, FlowModel)
        return FlowEditor(bench.base, instruction, seed=bench.seed)
    assert isinstance(bench.base, BaseModel)
    return Editor(bench.base, instruction, scales=scales, seed=bench.seed)


Method = Callable[[Bench, Effect, Reporter], LearnedEdit]


def _nothing(_bench: Bench, _effect: Effect, _report: Reporter) -> LearnedEdit:
    return LearnedEdit(direct=list)


def _lut(_bench: Bench, effect: Effect, _report: Reporter) -> LearnedEdit:
    """A 3D LUT by the grade's own fit, which is as good as a photographer can have."""
    colours, results = (np.concatenate([x.reshape(-1, 3) for x in side]) for side in effect.train)
    weights = np.full(len(colours), 1 / len(colours))
    return LearnedEdit(direct=by_grade(Grade(fit_lattice(colours, results, weights))))


def _grade(bench: Bench, effect: Effect, _report: Reporter) -> LearnedEdit:
    """A grade alone: a lattice or more, or nothing where nothing is better."""
    before, after = effect.train
    return LearnedEdit(direct=by_grade(fit(list(before), list(after), bench.seed).grade))


def _kept(bench: Bench, effect: Effect, report: Reporter) -> LearnedEdit:
    """What `brushctl learn` keeps."""
    phrase = _start(bench, effect, content=False, report=report)

    def train_brush(before: Pictures, after: Pictures, held_out: Any) -> AnyInstruction:  # noqa: ANN401
        recipe = bench.recipe(DEFAULT, len(before))
        how: dict[str, Any] = {"phrase": phrase, "recipe": recipe, "seed": bench.seed}
        return train(bench.base, before, after, held_out=held_out, report=report, **how).instruction

    learner = BrushLearner(train_brush, partial(_editor, bench), bench.seed)
    before, after = effect.train
    return LearnedEdit(phrase, direct=learner.learn(list(before), list(after)))


def _text(bench: Bench, effect: Effect, _report: Reporter) -> LearnedEdit:
    words = effect.instruction
    if isinstance(bench.base, FlowModel):
        return LearnedEdit(words, in_words(words))
    return LearnedEdit(words, from_text(bench.base, words))


def _brush(recipe: Recipe, *, buckets: int | None = None, content: bool = False) -> Method:
    """InstructBrush; `content` starts from a caption of the pictures after the edit."""

    def method(bench: Bench, effect: Effect, report: Reporter) -> LearnedEdit:
        phrase = _start(bench, effect, content=content, report=report)
        before, after = effect.train
        learned = train(
            bench.base,
            before,
            after,
            phrase=phrase,
            recipe=bench.recipe(recipe, len(before), buckets=buckets),
            seed=bench.seed,
            report=report,
        )
        return LearnedEdit(phrase, learned.instruction)

    return method


def _inversion(recipe: Recipe, *, visii: bool) -> Method:
    """Text states: Visii's one from a caption, or the ablation's, one for each bucket."""

    def method(bench: Bench, effect: Effect, report: Reporter) -> LearnedEdit:
        assert isinstance(bench.base, BaseModel)
        phrase = _start(bench, effect, content=visii, report=report)
        before, after = effect.train
        instruction = invert(
            bench.base,
            before,
            after,
            phrase=phrase,
            recipe=bench.recipe(recipe, len(before), buckets=1 if visii else None),
            seed=bench.seed,
            fixed_noise=visii,
            direction=direction_of(bench.base, bench.clip, before, after) if visii else None,
            report=report,
        )
        return LearnedEdit(phrase, instruction)

    return method


METHODS: dict[str, Method] = {
    "nothing": _nothing,
    "lut": _lut,
    "grade": _grade,
    "brush": _kept,
    "ip2p": _text,
    "instructbrush": _brush(DEFAULT),
    "visii": _inversion(DEFAULT, visii=True),
    "wo-attn": _inversion(DEFAULT, visii=False),
    "wo-time": _brush(DEFAULT, buckets=1),
    "wo-init": _brush(DEFAULT, content=True),
    "instructbrush-paper": _brush(PAPER),
    "visii-paper": _inversion(VISII, visii=True),
}
"""In the order in which they are run: the main comparison first."""

PUBLISHED = ("instructbrush-paper", "visii-paper")
"""Methods whose steps are not the bench's to set."""
ON_UNETS = ("visii", "wo-attn", *PUBLISHED)
"""Methods that learn the states of a U-Net's text encoder, or under the guidance of eq. 3."""


def methods_on(base: AnyBase, asked: Sequence[str] | None) -> list[str]:
    """The methods asked for, or all that there are on a base.

    Raises:
        UsageError: one asked for is for U-Nets alone, and the base is a transformer.
    """
    without = ON_UNETS if isinstance(base, FlowModel) else ()
    if wrong := [name for name in asked or () if name in without]:
        raise UsageError(
            f"{base.id} is a transformer, and there is no {', '.join(wrong)} on transformers",
            where="--methods",
            do=f"Choose from {', '.join(name for name in METHODS if name not in without)}.",
        )
    return [name for name in asked or METHODS if name not in without]


def _start(bench: Bench, effect: Effect, *, content: bool, report: Reporter = silent) -> str | None:
    """The phrase that names the change (section 4.2), or the caption of what came of it."""
    before, after = (list(side) for side in effect.train)
    found = find_phrase(bench.clip, before, after, vocabulary_of(bench.clip), report=report)
    if not content:
        return found.phrase
    return _fitting(bench.base, [candidate.phrase for candidate in found.after])


def _fitting(base: AnyBase, phrases: Sequence[str]) -> str:
    """As many of the phrases, joined, as the text encoder reads."""
    joined = [", ".join(phrases[:k]) for k in range(len(phrases), 0, -1)]
    return next((words for words in joined if base.reads(words)), joined[-1])


def select_scales(
    bench: Bench, learned: LearnedEdit, train: tuple[Pixels, Pixels], grid: Sequence[Scales]
) -> Scales:
    """The guidance whose edits of the first training pairs come closest to their truth."""
    before, after = (list(side[:SELECTION_PAIRS]) for side in train)
    errors = [
        float(np.mean(np.subtract(learned.edit(bench, before, scales), after) ** 2))
        for scales in grid
    ]
    return grid[int(np.argmin(errors))]


SELECTION_PAIRS = 2
"""Training pairs that the guidance is chosen on."""
