"""`brushctl doctor`: what is there, what is missing, what is broken."""

import shutil
from collections import namedtuple
from importlib import metadata

import pytest
from huggingface_hub import constants

from brushctl.engine.model.find import EMBEDDED
from brushctl.extras import installing
from tests.cli.shell import Shell

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def shell(tmp_path, capfdbinary):
    return Shell(tmp_path, capfdbinary)


def found(shell, status=0):
    return {f["what"]: f for f in shell.json("doctor", status=status)["findings"]}


def test_it_names_what_is_there_and_how_to_get_what_is_missing(shell):
    findings = found(shell)
    assert findings["--device cpu"]["state"] == "fine"
    assert findings["--base tiny-ip2p"]["state"] == "fine"
    real = findings["--base timbrooks/instruct-pix2pix"]
    assert real["state"] == "missing"
    assert 'hf download timbrooks/instruct-pix2pix --include "*/*"' in real["do"]
    assert findings["HEIC photographs"]["found"].startswith("pillow-heif ")
    assert findings["Ray clusters and object storage"]["found"].startswith("ray ")
    assert findings["brushes"]["found"].startswith("0 in ")
    assert "fine" in shell.text("doctor")


def test_what_is_missing_is_told_with_the_command_that_installs_it(shell, monkeypatch):
    real = metadata.version

    def without(name):
        if name == "pillow-heif":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", without)
    assert f"`{installing('pillow-heif')}`" in found(shell)["HEIC photographs"]["do"]


def test_a_disk_that_fills_up_is_told_and_is_no_fault(shell, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 9, 1))
    findings = found(shell)
    assert findings["brushes"]["state"] == "scarce"
    assert "make room" in findings["--base timbrooks/instruct-pix2pix"]["do"]


@pytest.fixture
def repository(shell, monkeypatch):
    """The real base in a hub's cache, but for its snapshot: `a` forty times."""
    folder = shell.folder / "hub/models--timbrooks--instruct-pix2pix"
    (folder / "snapshots").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(shell.folder / "hub"))
    return folder


def test_a_damaged_base_in_the_hubs_cache_is_a_fault(shell, repository):
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir()
    (snapshot / "model_index.json").write_text('{"unet": ["diff')
    damaged = found(shell, status=1)["--base timbrooks/instruct-pix2pix"]
    assert damaged["state"] == "broken"
    assert f"Delete {repository}" in damaged["do"]


def test_a_base_in_the_hubs_cache_is_found(shell, repository):
    (repository / "snapshots" / ("a" * 40)).symlink_to(EMBEDDED, target_is_directory=True)
    assert found(shell)["--base timbrooks/instruct-pix2pix"]["state"] == "fine"
