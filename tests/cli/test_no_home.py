"""A user without a home: no HOME, and none that the system knows of, as in many a container."""

import pwd
import sys

import pytest
from PIL import Image

from brushctl import settings
from brushctl.errors import UsageError
from brushctl.files import expanded
from brushctl.photos import compiled as kernels
from tests.cli.shell import Shell, shell_with_brushes
from tests.photos.brushes import make_brush
from tests.photos.driver import tone_engine

SAY = "HOME is not set"


@pytest.fixture(autouse=True)
def no_home(monkeypatch):
    def unknown(_uid: int):
        raise KeyError

    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)


@pytest.fixture
def shell(tmp_path, capfdbinary, monkeypatch) -> Shell:
    """Where BRUSHCTL_HOME is not set either, with a brush file and a photograph."""
    shell = shell_with_brushes(tmp_path, capfdbinary)
    (tmp_path / "home/brushes/warm.brush").unlink()
    make_brush(tmp_path / "warm.brush", "warm")
    (tmp_path / "in").mkdir()
    Image.effect_noise((64, 64), 9).save(tmp_path / "in/a.png")
    shell.home = ""
    monkeypatch.setitem(sys.modules, "brushctl.engine.sampler", tone_engine())
    return shell


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "list --path",
        "list --json",
        "verify",
        "rm warm",
        "rename warm new",
        "export warm",
        "import warm.brush",
        "inspect warm",
        "mix warm.brush warm.brush -o new",
        "apply warm in -o out",
        "learn pairs -o new",
        "label warm --title x",
    ],
)
def test_what_needs_the_cache_says_what_to_set(shell, command):
    out, err = shell.run(*command.split(), status=2)
    said = err or out.decode()
    assert SAY in said
    assert "set BRUSHCTL_HOME to a folder" in said
    assert "report it" not in said
    assert not (shell.folder / "~").exists()


@pytest.mark.parametrize(
    "command",
    [
        "apply warm.brush in -o out",
        "verify warm.brush",
        "inspect warm.brush",
        "mix warm.brush warm.brush -o new.brush",
        "label warm.brush --title x",
    ],
)
def test_what_needs_no_cache_works(shell, command):
    shell.run(*command.split())
    assert not (shell.folder / "~").exists()


@pytest.mark.parametrize(
    "command",
    [
        "apply warm.brush in -o ~/out",
        "apply warm.brush ~ -o out",
        "apply warm.brush in -o out --report ~/page.html",
        "apply ~/warm.brush in -o out",
        "mix warm.brush warm.brush -o ~/new.brush",
        "import ~/warm.brush",
    ],
)
def test_no_folder_is_made_that_is_called_as_the_home(shell, command):
    _, err = shell.run(*command.split(), status=2)
    assert SAY in err
    assert not (shell.folder / "~").exists()


def test_a_cache_in_a_home_that_is_not_known_is_refused(monkeypatch):
    for given in ("~", "~/brushes"):
        monkeypatch.setenv("BRUSHCTL_HOME", given)
        with pytest.raises(UsageError, match=SAY):
            settings.home()
    monkeypatch.setenv("BRUSHCTL_HOME", "brushes")
    assert str(settings.home()) == "brushes"


def test_the_doctor_says_what_to_set(shell):
    findings = {f["what"]: f for f in shell.json("doctor", status=1)["findings"]}
    assert findings["brushes"]["state"] == "broken"
    assert "BRUSHCTL_HOME" in findings["brushes"]["do"]


def test_other_names_that_begin_as_a_home_are_names():
    assert [str(expanded(name)) for name in ("~nobody/x", "./~", "a/~")] == [
        "~nobody/x",
        "~",
        "a/~",
    ]


def test_compiled_code_is_kept_in_no_folder_that_is_called_as_the_home(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert kernels.has_cache()  # beside the program
    monkeypatch.setattr(kernels, "unwritable", lambda folder: (folder, "it cannot be written"))
    assert not kernels.has_cache()
    for name, value in {
        "NUMBA_CACHE_DIR": "/kept",
        "XDG_CACHE_HOME": "/kept",
        "HOME": "/me",
    }.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert kernels.has_cache()
