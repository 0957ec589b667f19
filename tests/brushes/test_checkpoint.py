"""What learning has left unfinished is found, whatever the brush is called."""

from pathlib import Path

import pytest

from brushctl.brushes.checkpoint import Checkpoint, checkpoints_of, delete_checkpoints, fold_path
from brushctl.files import replacing


@pytest.mark.parametrize("name", ["look", "look[1]", "{}"])
def test_states_of_a_brush_and_of_its_folds_are_found_and_forgotten(tmp_path, name):
    target = tmp_path / f"{name}.brush"
    for each in (target, fold_path(target, 0), fold_path(target, 12), tmp_path / "other.brush"):
        Checkpoint(each, "a run", "2026-01-02").save(b"state")
    assert len(checkpoints_of(target)) == 3
    delete_checkpoints(target)
    assert checkpoints_of(target) == []
    assert len(checkpoints_of(tmp_path / "other.brush")) == 1


def test_what_a_killed_run_has_half_written_goes_and_what_another_is_writing_stays(tmp_path):
    target = tmp_path / f"{'long ' * 20}.brush"
    with replacing(target) as file:
        killed = Path(file.name)
    target.unlink()
    killed.write_bytes(b"half")
    with replacing(target) as file:
        file.write(b"whole")
        delete_checkpoints(target)
        assert not killed.exists()
    assert target.read_bytes() == b"whole"
