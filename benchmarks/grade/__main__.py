"""How near a grade comes to edits of photographs, beside other programs, and what it costs.

    uv run python -m benchmarks.grade fit PAIRS      # docs/results/grade.json, a minute an edit
    uv run python -m benchmarks.grade apply PAIRS    # adds to it, some ten minutes
    uv run python -m benchmarks.grade single PAIRS   # docs/results/grade-single.json
    uv run python -m benchmarks.grade sheet          # docs/images/grade.jpg

PAIRS is a folder with before/learn/*.png, before/unseen/*.png and, for each edit,
after/EDIT/learn/*.png and after/EDIT/unseen/*.png of the same names; an edit's class is its name up
to the first hyphen. Whoever runs this makes it, with the programs that are to be learned from.
Without it, photographs that scikit-image and scikit-learn install are edited here. They are few and
small: figures of the two kinds are not to be compared.
"""

from benchmarks.results import in_modules, run

COMMANDS = in_modules("benchmarks.grade", "fit", "apply", "single", "sheet")


def main() -> None:
    """Run the measurement that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
