"""What the files of results have in common."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any, Protocol

CARD = Path("docs/results/tiny-ip2p.json")
ELSEWHERE = ("--work", "--out")
"""Options that say where, and change no figure."""


class Weights(Protocol):
    """A base model, opened or only found, or what a brush says of its own."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def unet_sha256(self) -> str: ...  # noqa: D102


def note(unet_sha256: str, figures: dict[str, Any]) -> None:
    """Add figures to tiny-ip2p's card, which several commands do; those of other weights go."""
    known = json.loads(CARD.read_text()) if CARD.exists() else {}
    if known.get("unet_sha256") != unet_sha256:
        known = {"unet_sha256": unet_sha256}
    CARD.write_text(json.dumps(known | figures, indent=2) + "\n")


def report(out: Path, facts: dict[str, Any]) -> str:
    """Write what a script measured, and the command that measures it again; also returned."""
    text = json.dumps({"command": command(), **facts}, indent=1)
    out.write_text(text + "\n")
    return text


def base_of(base: Weights) -> dict[str, str]:
    """The weights that figures are of."""
    return {"id": base.id, "unet_sha256": base.unet_sha256}


def command() -> str:
    """This one, as it was given."""
    given, said = iter(sys.argv[1:]), []
    for word in given:
        if word in ELSEWHERE:
            next(given)
        else:
            said.append(word)
    module = f"benchmarks.{Path(sys.argv[0]).stem}"
    return shlex.join(["uv", "run", "python", "-m", module, *said])
