"""Which of the brushes that were tried is kept."""

import pytest

from brushctl.grade.choice import Tried, choose, explains


def tried(brush: str, psnr: float | None, grade: float | None = 20.0, *, held_out: bool = True):
    return Tried(brush, psnr, grade, held_out)


def kept(over: Tried[str], alone: Tried[str] | None = None) -> str | None:
    """Of a grade of 20 dB that explains much, or little where an instruction alone is tried."""

    def learn(over_grade: bool) -> Tried[str]:
        each = over if over_grade else alone
        assert each, "an instruction alone is not asked for"
        return each

    unedited = 18.0 if alone else 10.0
    return choose(learn, graded=20.0, unedited=unedited, elsewhere=None).brush


@pytest.mark.parametrize(
    ("held_out", "psnr", "brush"),
    [(True, 21.0, "both"), (True, 20.9, None), (False, 23.0, "both"), (False, 22.9, None)],
)
def test_an_instruction_must_add_more_where_no_pairs_are_held_out(held_out, psnr, brush):
    assert kept(tried("both", psnr, held_out=held_out)) == brush


def test_where_the_grade_explains_little_the_nearer_of_two_instructions_is_kept():
    assert kept(tried("both", 22.0), tried("alone", 25.0)) == "alone"
    assert kept(tried("both", 25.0), tried("alone", 22.0)) == "both"


@pytest.mark.parametrize(
    ("psnr", "unedited", "brush"),
    [(23.0, 10.0, "alone"), (22.9, 10.0, None), (23.9, 21.0, None), (None, 10.0, None)],
)
def test_of_a_single_pair_an_instruction_alone_must_beat_what_is_likely_of_the_grade_elsewhere(
    psnr, unedited, brush
):
    def learn(over_grade: bool) -> Tried[str]:
        assert not over_grade, "its own pair would say that any grade is perfect"
        return tried("alone", psnr, 40.0, held_out=False)

    choice = choose(learn, graded=40.0, unedited=unedited, elsewhere=20.0)
    assert choice.brush == brush
    assert choice.grade == 20.0


def test_what_could_not_be_judged_is_not_kept():
    assert kept(tried("both", None, None)) is None
    assert kept(tried("both", None, None), tried("alone", 30.0)) is None
    assert kept(tried("both", 19.0), tried("alone", None)) is None
    assert kept(tried("both", 30.0), tried("alone", None)) == "both"


def test_a_grade_that_leaves_nothing_of_its_single_pair_must_be_likely_to_do_so_elsewhere():
    assert explains(0.5, 9.0, elsewhere=None)
    assert explains(0.5, 9.0, elsewhere=38.0)
    assert not explains(0.5, 9.0, elsewhere=21.0)
