"""The pages that the site and the man pages are made of, against what the program says itself."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from brushctl.cli.app import app

SOURCE = Path(__file__).parents[2] / "docs/site/reference.py"
COMMANDS = sorted(getattr(typer.main.get_command(app), "commands", {}))
OPTION = re.compile(r"--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("reference", SOURCE)
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    return {name: text for name, _, text in reference.commands()}


def test_every_command_has_a_page(pages):
    assert set(pages) == {"brushctl", *(f"brushctl-{command}" for command in COMMANDS)}


@pytest.mark.parametrize("command", ["apply", "learn", "mix", "bench"])
def test_a_page_has_the_options_that_help_shows(pages, command):
    done = subprocess.run(
        [sys.executable, "-m", "brushctl", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    shown = set(OPTION.findall(done.stdout))
    assert len(shown) > 4
    assert shown <= set(OPTION.findall(pages[f"brushctl-{command}"]))


def test_each_page_has_the_examples_of_its_command(pages):
    for name, text in pages.items():
        first = text.partition("## Examples\n\n```text\n")[2].splitlines()[0]
        assert first.startswith(name.replace("-", " ", 1)), name


def test_the_first_page_names_every_command(pages):
    assert all(f"`brushctl {command}`\n: " in pages["brushctl"] for command in COMMANDS)


SHOWN = re.compile(r"^(?:\$ )?brushctl ([a-z-]+)(.*)$", re.MULTILINE)
FENCED = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_documentation_shows_no_option_that_a_command_does_not_have(pages):
    shown, unknown = 0, []
    for page in [SOURCE.parents[2] / "README.md", *SOURCE.parents[1].glob("*.md")]:
        blocks = "".join(FENCED.findall(page.read_text()))
        for command, rest in SHOWN.findall(blocks.replace("\\\n", " ")):
            known = OPTION.findall(pages[f"brushctl-{command}"])
            options = OPTION.findall(re.split(r"#|\||;", rest)[0])
            shown += len(options)
            unknown += [f"{page.name}: {command} {o}" for o in options if o not in known]
    assert shown > 20
    assert unknown == []
