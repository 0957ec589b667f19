"""How much a brush may ask for: a stranger's file must not decide how long a run takes.

Each limit lies well above what the largest editors known want, and far below what a machine cannot
do. `formats/brush-1.md` has them all, with these reasons. What a caller gives instead of a brush's
own is read by the same functions.
"""

from brushctl.brushes.fields import LIST_CAP, Read, integer, number, within

TIMESTEPS = 10_000
"""T, ten times the 1,000 of every base model known; the longest schedule published has 4,000."""

tokens = within(integer, 1, 4096)
"""m: a stack of eight brushes of 512 tokens, which is what the text encoders of FLUX read."""
first_token = within(integer, -4096, 4096)
"""The place of the first learned token, from the start or from the end of as many."""
buckets = within(integer, 1, 1000)
"""j: one bucket for each timestep of T = 1000. Nothing learned is divided finer."""
bucket = within(integer, 0, 999)
"""The number of a bucket."""
timestep = within(integer, 0, TIMESTEPS)
"""An edge between buckets."""
resolution = within(integer, 1, 8192)
"""Pixels along a side: twice what the largest editors draw."""
guidance = within(number, 0, 1000)
"""s_T and s_I: ten times the largest in use. Half precision ends at 65,504, and a prediction, which
is around 1, must stay within it when it is multiplied."""
token_weight = within(number, 1e-6, 1e6)
"""Half precision ends at 6e-8 and 6.5e4: a token of less draws nothing, of more takes all."""
share = within(number, -1e6, 1e6)
"""A parent's weight in a mix: of a stack that of its tokens; a blend may lead away, below 0."""
strength = within(number, -10, 10)
"""Of an edit: far beyond what leaves a picture to see."""
learning_steps = within(integer, 1, 10**6)
"""A thousand times the paper's."""
pairs = within(integer, 1, LIST_CAP)
"""Pairs that were learned from: a brush lists them."""


GRADES = 16
"""Lattices of a grade, each of which takes its time on every photograph: a mix of sixteen brushes,
at some five CPU seconds each where they have networks and 24 megapixels."""
GRADE_DEPTH = 4
"""Mixes within mixes of a grade: each holds one more copy of the photograph while it works."""
grade_nodes = within(integer, 2, 65)
"""Along each channel of a lattice: twice the 33 of the tables that photographers exchange."""
grade_width = within(integer, 1, 256)
"""Units of each hidden layer: eight times what is learned. Time grows with the square."""


def sampling_steps(schedule: int = TIMESTEPS) -> Read[int]:
    """Reads a number of sampling steps: at most the timesteps of the schedule, each taken once."""
    return within(integer, 1, schedule)
