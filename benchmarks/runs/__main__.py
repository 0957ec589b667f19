"""What runs over many photographs cost, on one machine and on many.

    uv run python -m benchmarks.runs memory        # docs/results/memory.json
    uv run python -m benchmarks.runs rerun         # docs/results/rerun.json
    uv run python -m benchmarks.runs cluster       # docs/results/cluster.json
    uv run python -m benchmarks.runs scale         # docs/results/scale.json

`uv run python -m benchmarks.runs NAME --help` says what each measures, and its options.
"""

from benchmarks.results import in_modules, run

COMMANDS = in_modules("benchmarks.runs", "memory", "rerun", "cluster", "scale")


def main() -> None:
    """Run the one that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
