"""What tests of `brushctl apply` need."""

import pytest

from tests.cli.apply_shell import ApplyShell


@pytest.fixture
def shell(apply_shell) -> ApplyShell:
    """The shell of the one command that these tests run."""
    return apply_shell
