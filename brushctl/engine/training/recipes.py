"""Recipes: how learning is run. Every figure has its reason."""

import math
from dataclasses import dataclass, replace

from brushctl.engine.brush.scales import PAPER_SCALES, Scales
from brushctl.errors import UsageError

PAIRS_FOR_ONE_HELD_OUT = 6
"""Of so many pairs one is held out: five are what an edit needs to be told from its scenes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of the optimisation (section 6, Implementation Details).

    Attributes:
        name: how `--recipe` and the brush's metadata call it.
        steps: optimisation steps; each draws `batch` samples in every bucket at once, which is
            the same as training the buckets one after another, since they share no parameters
            and Adam works element by element.
        batch: samples for each bucket and step.
        rate: Adam's learning rate.
        relative: whether the rate is in units of each feature's own deviation at the start.
        decay: whether the rate falls along a half cosine to zero.
        scales: guidance while learning and applying; None for the base's own.
        buckets: j.
        least_m: learned tokens, unless the phrase has more.
        tied: the share of the steps in which all buckets learn as one, from all samples.
        tied_buckets: how many buckets a step draws from meanwhile, in turn.
        early_stopping: whether held-out pairs decide when to stop, and which step each bucket
            keeps.
        steps_for_one: the steps where one pair is all there is, unless they are as many.
        validations: how often held-out pairs are evaluated: a twentieth of the steps is the least
            by which stopping early is worth it.
        validation_batch: samples for each bucket and held-out pair, the same at every evaluation:
            what differs between two evaluations is then the brush.
        patience: evaluations in a row that may bring nothing before learning stops: nearly a third
            of the steps, since the rate may only settle things at its end.
        min_delta: by how much of itself the error on held-out pairs must fall within them.
        checkpoint_every: steps between two checkpoints, of which a killed run loses the last one's
            successors: some seconds' work on a laptop.
    """

    name: str
    steps: int
    batch: int
    rate: float
    decay: bool
    scales: Scales | None
    relative: bool = False
    buckets: int = 5
    least_m: int = 0
    tied: float = 0.0
    tied_buckets: int = 2
    early_stopping: bool = True
    steps_for_one: int | None = None
    validations: int = 20
    validation_batch: int = 4
    patience: int = 6
    min_delta: float = 0.005
    checkpoint_every: int = 25

    @property
    def validate_every(self) -> int:
        """Steps from one evaluation of the held-out pairs to the next."""
        return math.ceil(self.steps / self.validations)

    def buckets_at(self, step: int, buckets: int) -> list[int]:
        """Which of the buckets a step draws from."""
        if step >= self.tied * self.steps:
            return list(range(buckets))
        count = min(self.tied_buckets, buckets)
        return [(count * step + k) % buckets for k in range(count)]

    def for_pairs(self, pairs: int, steps: int | None = None) -> "Recipe":
        """The recipe as it is run on so many pairs; in `steps` steps if they are given."""
        alone = self.steps_for_one if pairs == 1 else None
        return replace(self, steps=steps or alone or self.steps)

    def held_out(self, pairs: int) -> int:
        """How many of so many pairs are held out unless one says: none that would decide nothing.

        A recipe that does not use them learns from all, as its authors did.
        """
        return pairs // PAIRS_FOR_ONE_HELD_OUT if self.early_stopping else 0


PAPER = Recipe(
    name="paper",
    steps=1000,
    batch=1,
    rate=1e-3,
    decay=False,
    scales=PAPER_SCALES,
    early_stopping=False,
)
"""Exactly the paper's: 1,000 steps for each of five buckets, batch 1, Adam at 1e-3."""

DEFAULT = Recipe(
    name="default",
    steps=240,
    batch=1,
    rate=0.3,
    decay=True,
    scales=None,
    relative=True,
    least_m=16,
    tied=0.8,
    steps_for_one=100,
)
"""Far larger steps that settle as the rate decays; at the guidance the base itself is best at.

A step is a share of what the features measure, for their scale is the base model's choice and says
nothing: whoever multiplies keys and divides queries has the same model. More steps of one sample
beat fewer of several, and buckets that learn as one until the last fifth beat those that share
nothing (docs/experiments.md). With a single pair its scene is learned too, the more the longer it
is looked at, and nothing is held out that would say when to stop. Brushes whose phrase has no more
than sixteen tokens have one m, so that any two can be blended."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PAPER)}


def recipe_called(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in RECIPES:
        raise UsageError(
            "unknown recipe", where=f"--recipe {name}", do=f"Use one of {', '.join(RECIPES)}."
        )
    return RECIPES[name]
