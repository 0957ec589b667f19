"""What the benchmarks have in common: subcommands, and files of results."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

CARD = Path("docs/results/tiny-ip2p.json")
PLACES = ("--work", "--out")
"""Options that say where, and change no figure."""

Command = Callable[[Sequence[str]], None]
"""What a subcommand does with the arguments that follow its name."""


class Weights(Protocol):
    """A base model, opened or only found, or what a brush says of its own."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def model_sha256(self) -> str: ...  # noqa: D102


def run(description: str | None, commands: Mapping[str, Command]) -> None:
    """Run the subcommand that the command line names; it reads the other arguments itself."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("command", choices=commands)
    options.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = options.parse_args()
    commands[chosen.command](chosen.arguments)


def in_modules(package: str, *names: str) -> dict[str, Command]:
    """Subcommands that are a module each, loaded when it is run: what one needs costs no other."""

    def command(name: str) -> Command:
        module = f"{package}.{name.replace('-', '_')}"
        return lambda arguments: import_module(module).main(arguments)

    return {name: command(name) for name in names}


def note(model_sha256: str, figures: dict[str, Any]) -> None:
    """Add figures to tiny-ip2p's card, which several commands do; those of other weights go."""
    known = json.loads(CARD.read_text()) if CARD.exists() else {}
    if known.get("model_sha256") != model_sha256:
        known = {"model_sha256": model_sha256}
    CARD.write_text(json.dumps(known | figures, indent=2) + "\n")


def report(out: Path, facts: dict[str, Any]) -> str:
    """Write what a script measured, and the command that measures it again; also returned."""
    text = json.dumps({"command": command(), **facts}, indent=1)
    out.write_text(text + "\n")
    return text


def checkouts_to_compare(against: Path | None) -> dict[str, Path]:
    """This checkout, and another that is measured in turns with it, if there is one."""
    checkouts = {"now": Path.cwd()}
    if against:
        checkouts["before"] = against.absolute()
    return checkouts


def base_of(base: Weights) -> dict[str, str]:
    """The weights that figures are of."""
    return {"id": base.id, "model_sha256": base.model_sha256}


def command() -> str:
    """This one, as it was given."""
    given, kept = iter(sys.argv[1:]), []
    for word in given:
        if word in PLACES:
            next(given)
        else:
            kept.append(word)
    script = Path(sys.argv[0])
    name = script.parent.name if script.stem == "__main__" else script.stem
    return shlex.join(["uv", "run", "python", "-m", f"benchmarks.{name}", *kept])
