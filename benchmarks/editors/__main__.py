"""Brushes on transformer editors.

`python -m benchmarks.editors proof` shows on small random pipelines of each family that offsets
change nothing but what they should, and that they learn: docs/results/editors.json.
`python -m benchmarks.editors paper` counts what the published models take, from their
configurations alone: docs/results/editors-paper.json.
`python -m benchmarks.editors study` compares brushes on tiny-dit with words and with learned
embeddings: docs/results/editors.json.
"""

from benchmarks.results import in_modules, run

COMMANDS = in_modules("benchmarks.editors", "proof", "paper", "study")


def main() -> None:
    """Run the measurement that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
