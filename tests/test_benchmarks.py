"""The benchmarks start, and every command that stands next to a figure is one that there is."""

import argparse
import importlib
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from brushctl.cli.app import app

ROOT = Path(__file__).parents[1]
SHARED = ("results", "tones")
"""What the benchmarks have in common."""
SCRIPTS = sorted(
    {f.stem for f in ROOT.glob("benchmarks/*.py")} - {*SHARED}
    | {f.parent.name for f in ROOT.glob("benchmarks/*/__main__.py")}
)
RESULTS = sorted(ROOT.glob("docs/results/*.json"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BENCHMARK = re.compile(r"python -m benchmarks\.(.*)")


def script(name: str):
    """The module that is run by `python -m benchmarks.NAME`."""
    package = ROOT.joinpath("benchmarks", name).is_dir()
    return importlib.import_module(f"benchmarks.{name}" + ".__main__" * package)


def commands_in(facts: object) -> Iterator[str]:
    """Every command that a file of results says it was made by."""
    if isinstance(facts, dict):
        for key, value in facts.items():
            if key.endswith("command"):
                yield from value.split("; ")
            yield from commands_in(value)
    elif isinstance(facts, list):
        for each in facts:
            yield from commands_in(each)


def code_in(page: str) -> Iterator[str]:
    """Every line of a page's code blocks, and every code span."""
    for block in re.findall(r"```.*?```", page, re.DOTALL):
        yield from (line.partition(" #")[0] for line in block.splitlines())
    spans = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", spans))


class Parsed(Exception):  # noqa: N818  (it is none)
    """A command line has been read to its end."""


def parse(line: str, monkeypatch) -> None:
    """Read the arguments of a benchmark as it reads them, and go no further."""
    name, *arguments = shlex.split(line)
    honest = argparse.ArgumentParser.parse_args

    def parse_only(parser, *given):
        chosen = honest(parser, *given)
        if "arguments" in chosen:  # those of a subcommand, which reads them next
            return chosen
        raise Parsed

    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        patch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(Parsed):
            script(name).main()


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_benchmark_and_each_of_its_subcommands_says_what_it_measures(
    name, monkeypatch, capsys
):
    for command in getattr(script(name), "COMMANDS", {"": None}):
        monkeypatch.setattr(sys, "argv", [name, *([command] if command else []), "--help"])
        with pytest.raises(SystemExit) as ended:
            script(name).main()
        assert ended.value.code == 0
        description = capsys.readouterr().out.partition("\n\n")[2]
        assert not description.startswith("options"), command


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_the_command_of_each_file_of_results_is_one_that_there_is(file, monkeypatch):
    for command in commands_in(json.loads(file.read_text())):
        if found := BENCHMARK.fullmatch(command.removeprefix("uv run ")):
            parse(found[1], monkeypatch)
            continue
        program, name, *arguments = shlex.split(command.replace("--steps N", "--steps 1"))
        assert program == "brushctl"
        bench = typer.main.get_command(app).commands[name]
        bench.make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_benchmarks_that_a_page_names_are_there(page, monkeypatch):
    for code in code_in(page.read_text()):
        if found := BENCHMARK.search(code):
            parse(found[1], monkeypatch)
        elif code.startswith("benchmarks."):
            assert script(code.split()[0].removeprefix("benchmarks.")).main
