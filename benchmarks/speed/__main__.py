"""What the commands cost: time and memory, next to other ways to the same.

    uv run python -m benchmarks.speed apply        # docs/results/apply.json
    uv run python -m benchmarks.speed learn        # docs/results/learn.json
    uv run python -m benchmarks.speed growth       # docs/results/growth.json and its figure
    uv run python -m benchmarks.speed bulk         # docs/results/bulk.json
    uv run python -m benchmarks.speed full-size    # docs/results/full-size.json
    uv run python -m benchmarks.speed gpu          # docs/results/gpu.json, on a GPU
    uv run python -m benchmarks.speed startup      # docs/results/startup.json
    uv run python -m benchmarks.speed summary      # docs/results/speed.json, of what these wrote

`uv run python -m benchmarks.speed NAME --help` says what each measures, and its options.
"""

from benchmarks.results import in_modules, run

COMMANDS = in_modules(
    "benchmarks.speed",
    *("apply", "learn", "growth", "bulk", "full-size", "gpu", "startup", "summary"),
)


def main() -> None:
    """Run the one that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
