"""Photographs and brushes in each other's place: what is told is a command that runs."""

import errno
import os
import shlex

import pytest

from tests.photos.brushes import make_brush


def advised(message: str) -> list[str]:
    """The arguments of the command that a message advises."""
    program, command, *arguments = shlex.split(message.split("`")[1])
    assert (program, command) == ("brushctl", "apply")
    return arguments


@pytest.mark.parametrize("order", [["in", "dusk.brush"], ["in/0.jpg", "in/1.jpg", "dusk.brush"]])
def test_a_brush_behind_photographs_is_told_with_the_command_that_was_meant(apply_shell, order):
    apply_shell.photographs(2)
    _, message = apply_shell.run(*order, "-o", "out", "--strength", "0.5", status=2)
    assert len(message.splitlines()) == 1
    assert not apply_shell.files("out")
    apply_shell.run(*advised(message))
    assert apply_shell.files("out") == ["0.jpg", "1.jpg"]


def test_a_brush_of_the_cache_is_known_by_its_name_behind_a_folder(apply_shell):
    apply_shell.photographs(1)
    make_brush(apply_shell.folder / "home/brushes/evening.brush")
    _, message = apply_shell.run("in", "evening", "-o", "evening", status=2)
    assert advised(message) == ["evening", "in", "-o", "evening"]


def test_of_many_photographs_the_command_names_the_first(apply_shell):
    names = [f"in/{path.name}" for path in apply_shell.photographs(5)]
    for many in (names, [*names, *names]):
        _, message = apply_shell.run(*many, "dusk.brush", "-o", "out", status=2)
        assert advised(message) == ["dusk.brush", "in/0.jpg", "...", "-o", "out"]


def test_photographs_without_a_brush_are_told_where_it_goes(apply_shell):
    apply_shell.photographs(1)
    _, message = apply_shell.run("in", "-o", "out", status=2)
    assert advised(message) == ["BRUSH", "in", "-o", "EDITED"]


def test_a_second_brush_is_not_taken_for_a_photograph(apply_shell):
    apply_shell.photographs(1)
    make_brush(apply_shell.folder / "dawn.brush")
    _, message = apply_shell.run("dusk.brush", "dawn.brush", "in", "-o", "out", status=2)
    assert "brushctl mix dusk.brush dawn.brush --method stack" in message
    assert not apply_shell.files("out")


def test_a_folder_that_has_a_brush_s_name_is_searched(apply_shell):
    apply_shell.photographs(1, folder="evening")
    make_brush(apply_shell.folder / "home/brushes/evening.brush")
    apply_shell.run("dusk.brush", "evening", "-o", "out")
    assert apply_shell.files("out") == ["0.jpg"]


def test_where_nobody_may_look_for_brushes_photographs_are_photographs(apply_shell, monkeypatch):
    apply_shell.photographs(1)

    def denied(_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("brushctl.brushes.cache.path_of", denied)
    apply_shell.run("dusk.brush", "in", "-o", "out")
    assert apply_shell.files("out") == ["0.jpg"]
