"""brushctl: learn a photo edit from before/after pairs, and repeat it."""

__version__ = "0.1.0"
