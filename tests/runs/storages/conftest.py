"""What the tests of runs need that hold in each storage."""

import pytest

from tests.cli.apply_shell import ApplyShell


@pytest.fixture
def shell(tmp_path, capfdbinary) -> ApplyShell:
    """A shell for `brushctl apply`, with a tone curve for a model."""
    return ApplyShell(tmp_path, capfdbinary)
