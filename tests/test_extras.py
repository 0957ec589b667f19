"""Commands that are advised can be run as they stand, whatever made the environment."""

import sys

import pytest

from brushctl import extras
from brushctl.errors import PhotoError
from brushctl.photos.photo import decode_photo


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An environment in a folder with a space, without pip and with no program on the path."""
    folder = tmp_path / "my tools/brushctl"
    (folder / "bin").mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "bin/python"))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    return folder


def put_program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_pipx_injects_into_the_environment_that_it_keeps(environment):
    (environment / "pipx_metadata.json").touch()
    assert extras.installing("pillow-heif") == "pipx inject brushctl pillow-heif"


@pytest.mark.parametrize(
    ("requirements", "told"),
    [
        ('{ name = "brushctl" }', "--with pillow-heif brushctl"),
        ('{ name = "brushctl", specifier = "==1.2" }', "--with pillow-heif brushctl==1.2"),
        (
            '{ name = "brushctl", extras = ["ray"], directory = "/src/b" }, { name = "lpips" }',
            "--with lpips --with pillow-heif '/src/b[ray]'",
        ),
        (
            '{ name = "brushctl", git = "https://example.org/b.git" }',
            "--with pillow-heif 'brushctl @ git+https://example.org/b.git'",
        ),
    ],
)
def test_uv_makes_a_tool_anew_with_all_that_it_had(environment, requirements, told):
    receipt = f"[tool]\nrequirements = [{requirements}]\n"
    (environment / "uv-receipt.toml").write_text(receipt)
    assert extras.installing("pillow-heif") == f"uv tool install {told}"


def test_without_pip_the_uv_of_make_setup_is_named_with_the_environment(environment):
    own = put_program(environment.parent / ".cache/uv/bin/uv")
    python = environment / "bin/python"
    told = extras.installing("ray[data]", "fsspec")
    assert told == f"'{own}' pip install --python '{python}' 'ray[data]' fsspec"


def test_a_uv_that_shells_find_is_named_as_such(environment, monkeypatch):
    put_program(environment.parent / ".cache/uv/bin/uv")
    monkeypatch.setenv("PATH", str(put_program(environment.parent / "path/uv").parent))
    assert extras.installing("x") == f"uv pip install --python '{environment / 'bin/python'}' x"


def test_pip_is_named_bare_only_where_shells_find_that_of_this_environment(
    environment, monkeypatch
):
    monkeypatch.setattr(extras, "find_spec", lambda name: name)
    put_program(environment / "bin/pip")
    other = put_program(environment.parent / "other/pip").parent
    monkeypatch.setenv("PATH", str(other))
    assert extras.installing("x") == f"'{environment / 'bin/python'}' -m pip install x"
    monkeypatch.setenv("PATH", str(environment / "bin"))
    assert extras.installing("x") == "pip install x"


def test_a_program_that_shells_do_not_find_is_named_by_its_path(environment, monkeypatch):
    assert extras.program("hf") == "hf"
    own = put_program(environment / "bin/hf")
    assert extras.program("hf") == f"'{own}'"
    monkeypatch.setenv("PATH", str(environment / "bin"))
    assert extras.program("hf") == "hf"


@pytest.mark.parametrize(("installed", "told"), [(True, "AVIF and HEIC."), (None, "HEIC after `")])
def test_what_is_installed_already_is_not_advised(monkeypatch, installed, told):
    monkeypatch.setattr("brushctl.photos.source.find_spec", lambda _: installed)
    with pytest.raises(PhotoError) as caught:
        decode_photo(b"a text", "notes.txt")
    assert told in str(caught.value)
