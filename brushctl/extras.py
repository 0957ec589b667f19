"""Programs and packages that brushctl can use: commands to get them, which run as they stand."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Any

PIPX, UV_TOOL = "pipx_metadata.json", "uv-receipt.toml"
"""What pipx and `uv tool` leave in the environments that they keep for one program."""
OWN_UV = Path(".cache", "uv", "bin", "uv")
"""Where `make setup` puts uv, beside the environment, on a machine that has none."""
SOURCES = ("editable", "directory", "path", "url", "git")
"""Where a receipt of `uv tool` says that a package came from, if not from an index."""


def installing(*packages: str) -> str:
    """The command that installs packages into this environment, with what made it."""
    environment, wanted = Path(sys.prefix), " ".join(map(quote, packages))
    if (environment / PIPX).is_file():
        return f"pipx inject {quote(environment.name)} {wanted}"
    if (environment / UV_TOOL).is_file():
        import tomllib

        receipt = tomllib.loads((environment / UV_TOOL).read_text(encoding="utf-8"))
        return _of_uv_tool(receipt["tool"]["requirements"], packages)
    if find_spec("pip"):
        is_first = shutil.which("pip") == shutil.which("pip", path=_scripts())
        pip = "pip" if is_first else f"{quote(sys.executable)} -m pip"
        return f"{pip} install {wanted}"
    own = environment.parent / OWN_UV
    uv = quote(str(own)) if own.is_file() and not shutil.which("uv") else "uv"
    return f"{uv} pip install --python {quote(sys.executable)} {wanted}"


def program(name: str) -> str:
    """How a shell starts a program that was installed with brushctl: its path where it must."""
    own = shutil.which(name, path=_scripts())
    return name if shutil.which(name) or not own else quote(own)


def _scripts() -> str:
    """The folder of this environment's programs."""
    return str(Path(sys.executable).parent)


def _of_uv_tool(requirements: Sequence[Mapping[str, Any]], packages: Sequence[str]) -> str:
    """Uv makes the environment of a tool anew: with what it had, and with what is added."""
    tool, *others = map(_required, requirements)
    return " ".join(["uv tool install", *_with([*others, *packages]), quote(tool)])


def _with(packages: Sequence[str]) -> Iterator[str]:
    for package in packages:
        yield f"--with {quote(package)}"


def _required(requirement: Mapping[str, Any]) -> str:
    """A line of a receipt as `uv tool install` takes it."""
    name = next((str(requirement[key]) for key in SOURCES if key in requirement), None)
    extras = f"[{','.join(requirement['extras'])}]" if "extras" in requirement else ""
    own = f"{requirement['name']}{extras}"
    if name is None:
        return own + str(requirement.get("specifier", ""))
    if "git" in requirement:
        return f"{own} @ git+{name}"
    return f"{own} @ {name}" if "url" in requirement else name + extras
