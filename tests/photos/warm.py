"""Imported by a fork server: everything that a run of the command line spends its start on."""

import numpy as np
import pillow_heif  # noqa: F401
import rich.console  # noqa: F401
from PIL import Image
from typer.testing import CliRunner

import brushctl.brushes.file
import brushctl.runs.work  # noqa: F401
from brushctl.cli.app import app
from brushctl.transfer.kernels import splat

Image.init()
CliRunner().invoke(app, ["apply", "no-such-brush"])
# Loads the compiler.
splat(np.zeros((1, 1, 3), np.float32), np.zeros((1, 1, 3), np.float32), (2, 2, 2))
