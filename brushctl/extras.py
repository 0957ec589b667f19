"""How to get what brushctl can use and does not need."""

from importlib.util import find_spec


def installing(packages: str) -> str:
    """The command that installs packages into this environment; uv makes one without pip."""
    return f"{'pip' if find_spec('pip') else 'uv pip'} install {packages}"
