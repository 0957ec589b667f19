"""`--help` shows what a person looks for first, and each example that it gives can be run."""

import re
import shlex

import pytest
import typer

from brushctl import __version__
from brushctl.cli._help import EXAMPLES
from brushctl.cli.app import app
from tests.cli.shell import Shell, shell_with_brushes

TREE = typer.main.get_command(app)
COMMANDS = sorted(TREE.commands)
MATHEMATICS = re.compile(r"<bool>|range>|[<>]=")


@pytest.fixture
def shell(tmp_path, capfdbinary) -> Shell:
    return shell_with_brushes(tmp_path, capfdbinary)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_the_parser_takes_and_no_types_of_the_program(shell, command):
    told = shell.text(command, "--help")
    assert not MATHEMATICS.search(told)
    examples = TREE.commands[command].epilog.removeprefix(EXAMPLES).splitlines()
    assert examples
    for example in examples:
        assert example.strip()[:40] in told
        program, name, *arguments = shlex.split(re.split("[<>]", example)[0])
        assert (program, name) == ("brushctl", command)
        TREE.commands[command].make_context(name, arguments)


def test_the_first_help_has_examples_too(shell):
    told = shell.text("--help")
    assert "brushctl learn pairs/ -o golden-hour" in told
    assert "<bool>" not in told


@pytest.mark.parametrize("command", ["apply", "learn"])
def test_common_options_stand_first_and_those_for_many_machines_last(shell, command):
    told = shell.text(command, "--help")
    panels = re.findall("─ ([A-Z][a-z ]+) ─", told)
    assert panels[:2] == ["Arguments", "Options"]
    assert panels[-1] == "Many machines"
    assert told.index("--output") < told.index("--json") < told.index("--seed")


def test_what_help_does_not_show_holds_all_the_same(shell):
    for option in (("--workers", "0"), ("--seed", "-1"), ("--settle", "-1")):
        shell.run("apply", "warm", "in", "-o", "out", *option, status=2)


@pytest.mark.parametrize("option", ["--version", "-V", "-v"])
def test_the_version_is_shown_as_people_ask_for_it(shell, option):
    assert shell.text(option) == f"brushctl {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "warm", "in", "-o", "out", "--detail", "x"),
        ("apply", "warm", "in", "-o", "out", "--engine", "x"),
        ("learn", "pairs", "-o", "new", "--parts", "x"),
        ("mix", "warm", "grain", "-o", "new", "--method", "x"),
    ],
    ids=" ".join,
)
def test_a_choice_that_there_is_not_is_told_in_our_own_words(shell, arguments):
    _, err = shell.run(*arguments, status=2)
    assert "'x' is not one of" in err
    assert "Value error" not in err
    assert "Value error" not in shell.text(*arguments, "--json", status=2)
