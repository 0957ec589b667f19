"""What commands load, and what the shell completes: both in processes of their own."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brushctl.brushes.file import read_brush, write_brush
from tests.brushes.makers import graded
from tests.cli.shell import save, shell_with_brushes
from tests.photos.brushes import make_brush

MODELS = ("torch", "diffusers", "transformers", "open_clip")
FITTING = "brushctl.grade.lattice_fit"
"""What names scipy.sparse. That itself comes with numba wherever scipy is older than 1.17."""


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return shell_with_brushes(tmp_path, capfdbinary)


def run_python(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        (["inspect", "warm"], ("numpy", "torch", "PIL", "rich", "logging")),
        (["inspect", "warm", "--json"], ("numpy", "torch", "PIL", "rich", "logging")),
        (["inspect", "warm", "--tensors"], ("torch", "PIL")),
        (["list"], ("numpy", "torch", "PIL")),
        (["list", "--json"], ("numpy", "torch", "PIL")),
        (["rm", "grain"], ("numpy", "torch", "PIL")),
        (["mix", "warm", "grain", "-o", "new"], ("torch", "diffusers", "transformers", "PIL")),
    ],
    ids=" ".join,
)
def test_no_command_loads_more_than_it_needs(shell, arguments, unloaded):
    assert loaded_by(shell, arguments, unloaded) == "0 []"


def test_a_grade_is_applied_without_a_library_of_models(shell):
    brush, photo, target = (str(shell.folder / name) for name in ("x.brush", "a.png", "b.png"))
    write_brush(graded("look", groups=("tones", "place", "surroundings")), Path(brush))
    save(Path(photo), np.full((40, 60, 3), 0.5))
    unloaded = (*MODELS, "skimage", FITTING, "scipy.optimize", "rich.progress")
    assert loaded_by(shell, ["apply", brush, photo, "-o", target], unloaded) == "0 []"
    assert Path(target).exists()


def test_a_grade_of_colour_alone_is_applied_without_what_others_look_at_pictures_with(shell):
    brush, photo, target = (str(shell.folder / name) for name in ("x.brush", "a.png", "b.png"))
    write_brush(graded("look", groups=None), Path(brush))
    save(Path(photo), np.full((40, 60, 3), 0.5))
    unloaded = (*MODELS, "scipy.ndimage", FITTING)
    assert loaded_by(shell, ["apply", brush, photo, "-o", target], unloaded) == "0 []"
    assert Path(target).exists()


def test_apply_says_that_it_loads_before_it_loads_what_is_heavy(shell):
    for folder in ("photos", "edited"):
        (shell.folder / folder).mkdir()
        save(shell.folder / folder / "a.png", np.full((40, 60, 3), 0.5))
    photos, edited = str(shell.folder / "photos"), str(shell.folder / "edited")
    program = f"""
import os, sys
import brushctl.app.apply
from brushctl.cli.app import main

def loading(name):
    heavy = {{"numpy", "PIL", "numba", "torch"}} & sys.modules.keys()
    os.write(2, f"{{name}} {{sorted(heavy)}}".encode())
    os._exit(0)

brushctl.app.apply.Loading = loading
sys.argv = ["brushctl", "apply", "warm", {photos!r}, "-o", {edited!r}]
main()
"""
    assert run_python(program, BRUSHCTL_HOME=str(shell.folder / "home")) == "loading []"


def test_a_phrase_is_found_without_diffusers(shell):
    for side, light in (("before", 0.3), ("after", 0.7)):
        (shell.folder / "pairs" / side).mkdir(parents=True)
        for n in range(2):
            picture = np.random.default_rng(n).uniform(0, light, (64, 64, 3))
            save(shell.folder / "pairs" / side / f"{n}.png", picture)
    command = ["init-phrase", str(shell.folder / "pairs"), "--parts", "instruction"]
    assert loaded_by(shell, command, ("diffusers", "brushctl.engine.model.base")) == "0 []"


def loaded_by(shell, arguments, watched):
    """The status that a command ends with, and which of some modules it has loaded."""
    program = f"""
import sys
from brushctl.cli.app import main
sys.argv = ["brushctl", *{arguments!r}]
try:
    main()
except SystemExit as ended:
    print(ended.code or 0, [m for m in {watched!r} if m in sys.modules], file=sys.stderr)
"""
    return run_python(program, BRUSHCTL_HOME=str(shell.folder / "home"))


@pytest.mark.parametrize("command", ["inspect", "mix", "rm", "export", "verify", "apply", "rename"])
def test_the_shell_completes_brush_names(shell, command):
    program = f"""
import os, sys
os.environ.update(
    _BRUSHCTL_COMPLETE="complete_bash", COMP_WORDS="brushctl {command} wa", COMP_CWORD="2"
)
sys.argv = ["brushctl"]
from brushctl.cli.app import main
try:
    main()
except SystemExit:
    pass
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BRUSHCTL_HOME": str(shell.folder / "home")},
    )
    assert done.stdout.split() == ["warm"]


@pytest.mark.parametrize(
    ("base", "options", "names", "status"),
    [
        ("1" * 64, [], ["a.png"], 5),
        (None, ["--base", "./none"], ["a.png"], 6),
        (None, ["--base", "owner/none"], ["a.png"], 6),
        (None, [], ["notes.txt", "none.png"], 4),
    ],
    ids=["a brush of another base", "no folder", "not on the hub", "no photographs"],
)
def test_what_cannot_be_edited_is_told_before_a_library_of_models_is_loaded(
    shell, base, options, names, status
):
    brush = read_brush(make_brush(shell.folder / "x.brush"))
    if base:
        other = replace(brush.metadata.base, model_sha256=base)
        brush = replace(brush, metadata=replace(brush.metadata, base=other))
    write_brush(brush, shell.folder / "x.brush")
    save(shell.folder / "a.png", np.full((40, 60, 3), 0.5))
    (shell.folder / "notes.txt").write_text("no photograph")
    (shell.folder / "list").write_text("\n".join(str(shell.folder / name) for name in names))
    arguments = ["--files-from", str(shell.folder / "list"), "-o", str(shell.folder / "out")]
    command = ["apply", str(shell.folder / "x.brush"), *arguments, *options]
    assert loaded_by(shell, command, MODELS) == f"{status} []"


def test_a_base_that_is_not_to_be_had_is_told_before_pairs_are_looked_at(shell):
    command = ["learn", str(shell.folder / "none"), "-o", "x", "--base", "./none"]
    assert loaded_by(shell, command, MODELS) == "6 []"
