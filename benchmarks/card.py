"""What the files of results have in common."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

CARD = Path("docs/results/tiny-ip2p.json")
ELSEWHERE = ("--work", "--out")
"""Options that say where, and change no figure."""


def note(unet_sha256: str, figures: dict[str, Any]) -> None:
    """Add figures to tiny-ip2p's card, which several commands do; those of other weights go."""
    known = json.loads(CARD.read_text()) if CARD.exists() else {}
    if known.get("unet_sha256") != unet_sha256:
        known = {"unet_sha256": unet_sha256}
    CARD.write_text(json.dumps(known | figures, indent=2) + "\n")


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
