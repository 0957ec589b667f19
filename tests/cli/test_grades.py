"""A brush with a grade and no instruction, through every command that keeps and shows brushes."""

import numpy as np
import pytest

from brushctl.brushes.file import write_brush
from brushctl.grade import Kept, apply_grade, grade_of
from brushctl.grade.apply import nodes_of
from tests.brushes.makers import graded, plain
from tests.cli.shell import shell_with_brushes
from tests.grade.pictures import photograph

FILM = graded("film", seed=1, kept=Kept(greys=True))


@pytest.fixture
def shell(tmp_path, capfdbinary):
    shell = shell_with_brushes(tmp_path, capfdbinary)
    write_brush(FILM, tmp_path / "film.brush")
    shell.run("import", "film.brush")
    return shell


def content(shell, name):
    return shell.brush(name).metadata.content_sha256


def test_it_is_kept_verified_renamed_and_sent_on(shell):
    assert "film: " in shell.run("import", "film.brush", "--overwrite")[1]
    assert shell.text("verify", "film") == "film\twhole\n"
    shell.run("rename", "film", "look")
    data, _ = shell.run("export", "look", "-")
    assert data == (shell.folder / "film.brush").read_bytes()
    shell.run("import", "-", "--name", "again", data=data)
    assert content(shell, "again") == FILM.metadata.content_sha256
    (entry,) = [e for e in shell.json("list")["brushes"] if e["name"] == "again"]
    assert "base" not in entry["metadata"]


def test_a_label_leaves_its_content_alone(shell):
    shell.run("label", "film", "--author", "Anna")
    assert shell.brush("film").metadata.author == "Anna"
    assert content(shell, "film") == FILM.metadata.content_sha256


def test_one_changed_byte_of_its_lattice_is_found(shell):
    path = shell.folder / "home/brushes/film.brush"
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    _, message = shell.run("verify", "film", status=5)
    assert "0 whole, 1 damaged" in message


def test_mixes_of_it_say_what_they_do(shell):
    write_brush(graded("cold", seed=2), shell.folder / "cold.brush")
    shell.run("mix", "film:0.7", "cold.brush:0.3", "-o", "between")
    between = shell.brush("between")
    picture = photograph("coffee", (20, 30))
    meant = 0.7 * apply_grade(grade_of(FILM), picture)
    meant += 0.3 * apply_grade(grade_of(graded("cold", seed=2)), picture)
    np.testing.assert_allclose(apply_grade(grade_of(between), picture), meant, atol=1e-6)
    assert between.metadata.look is not None
    shell.run("mix", "cold.brush", "film", "--method", "stack", "-o", "both")
    names = [parent.name for parent in shell.brush("both").metadata.lineage.parents]
    assert names == ["cold", "film"]


def test_mix_says_whose_grade_a_schedule_has(shell):
    both = graded("both", seed=3, instruction=plain("both", seed=3))
    other = graded("other", seed=4, instruction=plain("other", seed=4))
    for brush in (both, other):
        write_brush(brush, shell.folder / f"{brush.metadata.name}.brush")
    coarse_and_fine = "--coarse", "both.brush", "--fine", "other.brush"
    _, said = shell.run("mix", *coarse_and_fine, "-o", "split")
    assert "the grade is both's; that of other is left out" in said
    assert shell.brush("split").metadata.grade == both.metadata.grade
    _, said = shell.run("mix", "--coarse", "warm", "--fine", "both.brush", "-o", "plain")
    assert "warm has no grade; that of both is left out" in said
    _, said = shell.run("mix", "--coarse", "film", "--fine", "both.brush", "-o", "no", status=5)
    assert "blend or stack" in said
    assert not (shell.folder / "home/brushes/no.brush").exists()


def test_a_grade_of_colours_is_exported_as_its_own_table(shell):
    plainly = graded("plainly", seed=1)
    write_brush(plainly, shell.folder / "plainly.brush")
    _, said = shell.run("export", "plainly.brush", "--lut", "film.cube")
    assert "100% of the edit, its grade's own table" in said
    lines = (shell.folder / "film.cube").read_text().splitlines()
    assert "LUT_3D_SIZE 5" in lines
    table = np.array([line.split() for line in lines[-125:]], float)
    nodes = np.indices((5, 5, 5)).reshape(3, -1).T[:, ::-1] / 4  # red varies fastest
    graded_nodes = nodes_of(grade_of(plainly), nodes.astype(np.float32)[None])[0]
    np.testing.assert_allclose(table, graded_nodes, atol=1e-6)


def test_a_grade_that_looks_at_the_place_is_fitted_to_pictures_and_judged(shell):
    from tests.cli.shell import save

    write_brush(graded("corner", seed=6, groups=("place",)), shell.folder / "corner.brush")
    _, said = shell.run("export", "corner.brush", "--lut", "corner.cube", status=2)
    assert "of this brush is fitted to pictures" in said
    for k, name in enumerate(("coffee", "chelsea", "rocket")):
        save(shell.folder / f"{k}.png", photograph(name, (48, 64)))
    pictures = ("0.png", "1.png", "2.png")
    _, said = shell.run("export", "corner.brush", "--lut", "corner.cube", "--force", *pictures)
    assert "on pictures left out of the fit" in said
