"""How near brushes come to edits: PSNR by effect, method and recipe, on tiny-ip2p.

    uv run python -m benchmarks.study variations         # docs/results/experiments.json
    uv run python -m benchmarks.study recipes            # docs/results/recipes.json
    uv run python -m benchmarks.study untrained          # adds to docs/results/tiny-ip2p.json
    uv run python -m benchmarks.study key-value-scale    # docs/results/gauge.json
    uv run python -m benchmarks.study effort             # docs/results/effort.json
    uv run python -m benchmarks.study photographs        # docs/results/photographs.json, a sheet
    uv run python -m benchmarks.study full-size          # docs/results/photo-brush.json, a sheet
    uv run python -m benchmarks.study time-aware         # docs/images/time-aware.png
    uv run python -m benchmarks.study mixing             # docs/results/mixing.json, a sheet
    uv run python -m benchmarks.study luts               # docs/results/luts.json, a sheet

Each learns brushes and prints a table. `uv run python -m benchmarks.study NAME --help` says what it
compares, and its options. The base works in the number format that this CPU multiplies in, unless
said otherwise.
"""

from benchmarks.results import run
from benchmarks.study.brushes import luts, mixing, time_aware
from benchmarks.study.edits import effort, key_value_scale, untrained
from benchmarks.study.photographs import full_size, photographs
from benchmarks.study.recipes import recipes, variations

COMMANDS = {
    "variations": variations,
    "recipes": recipes,
    "untrained": untrained,
    "key-value-scale": key_value_scale,
    "effort": effort,
    "photographs": photographs,
    "full-size": full_size,
    "time-aware": time_aware,
    "mixing": mixing,
    "luts": luts,
}


def main() -> None:
    """Run the study that is named."""
    run(__doc__, COMMANDS)


if __name__ == "__main__":
    main()
