"""The Python API's own manners: arguments of the types that it states, errors in its words.

What the command line's functions say in options, `--in-place`, a program is told in parameters.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from brushctl.errors import BrushctlError, UsageError

P = ParamSpec("P")
Result = TypeVar("Result")

OPTION = re.compile(r"(?P<option>(?<![\w-])-(?:o|-[a-z][a-z-]*))(?P<value> [A-Z]{2,}\b)?")
NAMES = {"-o": "output", "--s-t": "s_T", "--s-i": "s_I", "--hold-out": "held_out"}
"""Parameters that are called otherwise than their options."""
ALSO_COMMANDS = ("apply", "learn")
"""Functions whose commands take further options: those are named with the command."""
COMMAND = re.compile(r"(`[^`]*`)")
"""What is to be typed into a shell stays as it is."""
CHECKS: dict[str, Callable[[object], bool]] = {
    "None": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, Integral) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, Real) and not isinstance(value, bool),
    "Callable": callable,
}
CLASSES = ("str", "Path", "Image", "Brush", "Share", "Provenance")
"""Told by their names: they are imported by whoever has something of theirs."""


def for_programs(function: Callable[P, Result]) -> Callable[P, Result]:
    """A function of the API, which checks its arguments and speaks of its own parameters.

    Raises:
        UsageError: an argument is not of the type that its parameter states.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def called(*arguments: P.args, **named: P.kwargs) -> Result:
        bound = signature.bind(*arguments, **named)
        for name, value in bound.arguments.items():
            _check(value, _text(signature.parameters[name].annotation), name)
        if report := bound.arguments.get("report"):
            bound.arguments["report"] = lambda event: report(_reworded(event, function))
        try:
            return function(*bound.args, **bound.kwargs)
        except BrushctlError as error:
            _reword(error, function)
            raise

    return called


def _reworded(event: Any, function: Callable[..., Any]) -> Any:  # noqa: ANN401  (of any kind)
    """What work reports, naming parameters in place of options in its message, if it has one."""
    if not hasattr(event, "message"):
        return event
    return replace(event, message=_in_parameters(event.message, function))


def _reword(error: BrushctlError, function: Callable[..., Any]) -> None:
    """Name parameters in place of options in an error."""
    error.what = _in_parameters(error.what, function)
    error.where = error.where and _in_parameters(error.where, function)
    error.do = error.do and _in_parameters(error.do, function)
    error.args = (str(error),)


def _in_parameters(text: str, function: Callable[..., Any]) -> str:
    """A text that names a function's parameters; an option that is none keeps its command."""
    parameters, command = inspect.signature(function).parameters, function.__name__

    def parameter(found: re.Match[str]) -> str:
        option = found["option"]
        name = NAMES.get(option, option.removeprefix("--").replace("-", "_"))
        if name not in parameters:
            return f"`brushctl {command} {found[0]}`" if command in ALSO_COMMANDS else found[0]
        value = (found["value"] or "").strip()
        if isinstance(parameters[name].default, bool):
            return f"{name}=True{found['value'] or ''}"
        return f"{name}={value}" if value else name

    parts = COMMAND.split(text)
    return "".join(p if p.startswith("`") else OPTION.sub(parameter, p) for p in parts)


def _check(value: object, stated: str, where: str) -> None:
    """See that a value is of a type; of types that are not told here, anything is.

    Raises:
        UsageError: it is not.
    """
    kinds = list(_alternatives(stated))
    names = [kind.partition("[")[0].rpartition(".")[2] for kind in kinds]
    if any(name not in CHECKS and name not in (*CLASSES, "Sequence") for name in names):
        return
    for kind, name in zip(kinds, names, strict=True):
        if name == "Sequence" and isinstance(value, Sequence) and not isinstance(value, str):
            for k, element in enumerate(value):
                _check(element, kind[kind.index("[") + 1 : -1], f"{where}[{k}]")
            return
        if name in CHECKS and CHECKS[name](value):
            return
        if name in CLASSES and name in (cls.__name__ for cls in type(value).__mro__):
            return
    own = "None" if value is None else f"{type(value).__name__}"
    allowed = ", ".join(_name_of(kind) for kind in kinds)
    raise UsageError(f"must be of type {allowed}, is {own}", where=where)


def _text(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _alternatives(stated: str) -> Iterator[str]:
    """The members of a union, those within brackets not divided."""
    depth, begun = 0, 0
    for k, character in enumerate(stated):
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            yield stated[begun:k].strip()
            begun = k + 1
    yield stated[begun:].strip()


def _name_of(kind: str) -> str:
    """A type without the modules that it is in."""
    return re.sub(r"[\w.]+\.(?=\w)", "", kind)
