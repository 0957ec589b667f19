"""The reference as Markdown: the commands read off their tree, and the names of the API."""

import re
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

import brushctl
from brushctl.cli._help import EXAMPLES
from brushctl.cli.app import app

PROGRAM = "brushctl"
MARKUP = re.compile(r"([\\*_<>\[\]#|])")
CODE = re.compile(r"(`[^`]*`)")
AFTER = """## Exit status

0 done · 1 unexpected, or the disk · 2 usage · 3 some files failed · 4 all files failed ·
5 the brush is invalid or does not fit the base model · 6 the base model is not available ·
130 interrupted.
"""


def commands() -> Iterator[tuple[str, str, str]]:
    """Of the program and then of each command: the page's name, one line about it, its Markdown."""
    tree = _tree()
    about = {f"{PROGRAM} {name}": _first_line(each) for name, each in tree.commands.items()}
    further = _section("Commands", about), _section("Environment", ENVIRONMENT)
    yield PROGRAM, _first_line(tree), _page(PROGRAM, tree, *further)
    for name, command in tree.commands.items():
        assert isinstance(command, TyperCommand)
        yield f"{PROGRAM}-{name}", _first_line(command), _page(f"{PROGRAM} {name}", command)


ENVIRONMENT = {
    "BRUSHCTL_HOME": "Where the brush cache is, in place of the system's folder for data.",
    "HF_HOME": "Where diffusers and OpenCLIP keep the models that they fetch.",
    "HF_HUB_OFFLINE": "With 1, no model is fetched; those that are on the machine are used.",
    "SOURCE_DATE_EPOCH": "Seconds since 1970: the day that new brushes bear in place of today.",
    "NO_COLOR": "With anything, no colours on the terminal.",
}
"""The variables that the program, or what it opens models with, heeds."""


def write(folder: Path) -> None:
    """Write the pages into a folder, leaving alone those that would stay the same."""
    folder.mkdir(exist_ok=True)
    texts = {name: text for name, _, text in commands()} | {"python": _api()}
    for name, text in texts.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _api() -> str:
    """Directives, from which Sphinx takes signatures and docstrings."""
    parts = ["# Python reference", "Examples stand in [From Python](../docs/python.md)."]
    for name in brushctl.API:
        kind = "class" if name[0].isupper() else "function"
        parts.append(f"## {name}\n\n```{{eval-rst}}\n.. auto{kind}:: brushctl.{name}\n```")
    return "\n\n".join(parts) + "\n"


def _tree() -> TyperGroup:
    tree = typer.main.get_command(app)
    assert isinstance(tree, TyperGroup)
    return tree


def _page(title: str, command: TyperCommand | TyperGroup, *further: str) -> str:
    context = typer.Context(command, info_name=title, **_tree().context_settings)
    arguments: dict[str, str] = {}
    options: dict[str, str] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record:
            kind = arguments if isinstance(parameter, TyperArgument) else options
            kind[record[0].replace("`", "")] = record[1]
    usage = " ".join([title, *command.collect_usage_pieces(context)])
    parts = [
        f"# {title}",
        f"## Synopsis\n\n```text\n{usage}\n```",
        f"## Description\n\n{_paragraphs(command.help or '')}",
        *([_section("Arguments", arguments)] if arguments else []),
        _section("Options", options),
        *([_examples(command.epilog)] if command.epilog else []),
        *further,
        AFTER,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(heading: str, described: dict[str, str]) -> str:
    parts = [f"`{name}`\n: {_plain(told)}" for name, told in described.items()]
    return "\n\n".join([f"## {heading}", *parts])


def _examples(epilog: str) -> str:
    lines = epilog.removeprefix(EXAMPLES).splitlines()
    return "## Examples\n\n```text\n" + "\n".join(map(str.strip, lines)) + "\n```"


def _first_line(command: TyperCommand | TyperGroup) -> str:
    return " ".join((command.help or "").strip().split("\n\n")[0].split())


def _paragraphs(text: str) -> str:
    return "\n\n".join(map(_plain, text.strip().split("\n\n")))


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup, but for code."""
    parts = CODE.split(" ".join(text.split()))
    return "".join(p if p.startswith("`") else MARKUP.sub(r"\\\1", p) for p in parts)
