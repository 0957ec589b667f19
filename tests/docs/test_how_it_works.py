"""docs/how-it-works.md names what there is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:engine|bench|grade|transfer|pairs|photos|brushes|tiny)\.[A-Za-z_.]+)`")
NAMES = sorted(set(NAMED.findall((ROOT / "docs/how-it-works.md").read_text())))


def names_in(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What a module or class defines, with the body of each."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node.body
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id: [] for target in targets if isinstance(target, ast.Name)}
    return found


def test_the_page_names_much_of_the_code():
    assert len(NAMES) > 30


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_page_is_in_the_code(name):
    parts = name.split(".")
    module = ROOT / "brushctl"
    while parts and (module / parts[0]).is_dir():
        module /= parts.pop(0)
    module = module / f"{parts.pop(0)}.py"
    body = ast.parse(module.read_text()).body
    for part in parts:
        inside = names_in(body)
        assert part in inside, f"{name}: no {part}"
        body = inside[part]
