"""What a plan says of photographs in a folder and in a bucket alike."""

import pytest

from brushctl.errors import PlanError
from brushctl.runs import naming
from brushctl.runs.inputs import find_inputs
from brushctl.runs.plan import plan_folder, plan_single


@pytest.fixture
def tree(place):
    for name in ("in/a.jpg", "in/deep/er/b.PNG", "in/notes.txt", "in/.hidden.jpg", "in/.x/c.jpg"):
        place.write(name, b"x")
    return place


def found(place, *names: str) -> list:
    return find_inputs([place.name(name) for name in names])


def planned(place, *names: str, output: str = "out", **how) -> list[str]:
    """The results of what is named, from the place."""
    plan = plan_folder(found(place, *names), place.name(output), **how)
    above = place.name("x")[:-1]
    return [job.target_file.removeprefix(above) for job in plan.jobs]


def test_folders_are_searched_and_their_tree_is_kept(tree):
    assert planned(tree, "in") == ["out/a.jpg", "out/deep/er/b.PNG"]


@pytest.mark.parametrize("pattern", ["in/**/*.PNG", "in/d*/er/*"])
def test_patterns_keep_the_tree_below_their_fixed_part(tree, pattern):
    assert [item.relative for item in found(tree, pattern)] == ["deep/er/b.PNG"]


def test_a_folder_may_be_named_like_a_pattern(place):
    for name in ("a/1.jpg", "b/1.jpg", "c [2024]/1.jpg"):
        place.write(name, b"x")
    assert [item.relative for item in found(place, "c [2024]")] == ["1.jpg"]
    assert sorted(planned(place, "?/1.jpg")) == ["out/a/1.jpg", "out/b/1.jpg"]


def test_a_file_named_twice_is_edited_once(tree):
    assert len(found(tree, "in/a.jpg", "in", "in/*.jpg")) == 2


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{stem}-{brush}.{ext}", "a-dusk.jpg"),
        ("{n:04}.png", "0001.png"),
        ("{folder}_{stem}.tif", "in_a.tif"),
    ],
)
def test_templates_name_the_results(tree, template, name):
    assert planned(tree, "in/a.jpg", template=template, brush="dusk") == [f"out/{name}"]


def test_photographs_of_one_name_below_two_folders_are_two_to_the_journal(place):
    for name in ("a/1.jpg", "b/1.jpg"):
        place.write(name, b"x")
    plan = plan_folder(
        found(place, "a", "b"), place.name("out"), template="{folder}-{stem}.{ext}", brush="dusk"
    )
    assert [job.key for job in plan.jobs] == ["a-1.jpg", "b-1.jpg"]


def test_two_photographs_may_not_have_one_result(tree):
    tree.write("in2/a.jpg", b"y")
    with pytest.raises(PlanError, match="would have the same result"):
        planned(tree, "in", "in2")
    with pytest.raises(PlanError, match="would have the same result"):
        planned(tree, "in/a.jpg", "in/deep/er/b.PNG", template="same.jpg")


def test_results_whose_names_are_one_on_some_disks_are_refused_unless_the_photographs_are(place):
    for name in ("in2/IMG.jpg", "in2/img.jpeg", "in3/\xe4.jpg", "in3/a\u0308.jpeg"):
        place.write(name, b"y")
    for folder in ("in2", "in3"):
        with pytest.raises(PlanError, match="would have the same result"):
            planned(place, folder, template="{stem}.jpg")
    place.remove("in2/img.jpeg")
    place.write("in2/img.jpg", b"y")
    assert len(planned(place, "in2")) == 2


@pytest.mark.parametrize("output", ["in", "in/out"])
def test_the_output_may_not_lie_in_the_input(tree, output):
    with pytest.raises(PlanError, match=r"(is|lies inside .*,) an input folder"):
        planned(tree, "in", output=output)
    assert planned(tree, "in", output="in-edited")


def test_a_result_may_not_replace_a_photograph_unasked(tree):
    with pytest.raises(PlanError, match=r"would replace a photograph.*--in-place"):
        planned(tree, "in/a.jpg", output="in")
    with pytest.raises(PlanError, match="would replace the photograph"):
        plan_single(tree.name("in/a.jpg"), tree.name("in/a.jpg"))
    tree.write("in/a-x.jpg", b"y")
    with pytest.raises(PlanError, match="or other names with --name"):
        planned(tree, "in/a.jpg", "in/a-x.jpg", output="in", template="{stem}-x.{ext}")


def test_nothing_to_do_is_said(tree):
    with pytest.raises(PlanError, match="no such file"):
        found(tree, "missing.jpg")
    with pytest.raises(PlanError, match="nothing matches"):
        found(tree, "*.avif")
    tree.write("texts/a.txt", b"x")
    with pytest.raises(PlanError, match="no photographs"):
        planned(tree, "texts")


def test_a_format_that_this_machine_cannot_write_is_refused_before_anything_is_edited(
    place, monkeypatch
):
    monkeypatch.setattr(naming, "find_spec", lambda _: None)
    for name in ("in/a.jpg", "heic/b.heic"):
        place.write(name, b"x")
    with pytest.raises(PlanError, match="pillow-heif"):
        planned(place, "in", template="{stem}.heic")
    with pytest.raises(PlanError, match="pillow-heif"):
        plan_single(place.name("in/a.jpg"), place.name("out.heic"))
    assert planned(place, "heic")


def test_photographs_and_results_may_lie_in_different_storages(tmp_path, s3):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(b"x")
    for named in (str(tmp_path / "in"), f"file://{tmp_path}/in"):
        (job,) = plan_folder(find_inputs([named]), f"{s3}/{tmp_path.name}/out").jobs
        assert job.source_file == f"{tmp_path}/in/a.jpg"
        assert job.target_file == f"{s3}/{tmp_path.name}/out/a.jpg"
