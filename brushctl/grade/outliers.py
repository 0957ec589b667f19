"""From which error on a fit distrusts a pixel: pictures are also healed and dodged."""

OUTLYING = 2.0
"""A pixel is distrusted from this many standard deviations on, as the median error tells them."""
NORMAL = 1.4826
"""A normal distribution's standard deviation, in medians of its sizes."""
TOLERATED = 8 / 255
"""An error that no pixel is distrusted for: rounding, JPEG, and kinks that the lattice smooths."""
