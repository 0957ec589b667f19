"""The figures in the shape of the paper's Tables 1, 2 and 4, next to what the paper prints.

The paper's own figures were measured on InstructPix2Pix and TOP-Bench itself.
"""

from collections.abc import Sequence

from rich.table import Table

from brushctl.bench.cases import Evaluator
from brushctl.bench.effects import GLOBAL, LOCAL
from brushctl.bench.methods.lpips import LPIPS_ALEX
from brushctl.bench.running import BenchResult
from brushctl.bench.summary import LOWER_IS_BETTER, MEASURES, SPLITS, Summary, summarise
from brushctl.engine.flow.model import FlowModel

TITLES = {
    GLOBAL: "TOP-Global",
    LOCAL: "TOP-Local",
    "all": "all",
    "held-out": "held out",
}

Figures = tuple[float, float, float, float]
"""PSNR in dB, SSIM, LPIPS on AlexNet, CLIP direction."""

TEN_SHOTS: dict[tuple[str, str], Figures] = {
    ("ip2p", "global"): (16.10, 0.5467, 0.2810, 0.2997),
    ("visii", "global"): (15.87, 0.4947, 0.3866, 0.3938),
    ("instructbrush", "global"): (18.66, 0.5842, 0.2526, 0.2798),
    ("ip2p", "local"): (20.12, 0.7701, 0.1648, 0.5236),
    ("visii", "local"): (18.76, 0.7157, 0.2585, 0.2560),
    ("instructbrush", "local"): (23.26, 0.8297, 0.1143, 0.3576),
    ("ip2p", "all"): (17.87, 0.6450, 0.2298, 0.3982),
    ("visii", "all"): (17.14, 0.5919, 0.3303, 0.3332),
    ("instructbrush", "all"): (20.68, 0.6922, 0.1918, 0.3140),
    ("wo-attn", "all"): (19.56, 0.6709, 0.2179, 0.3124),
    ("wo-time", "all"): (19.64, 0.6656, 0.2271, 0.2910),
    ("wo-init", "all"): (20.22, 0.6841, 0.2018, 0.3747),
}
"""Tables 1 and 2, by method and split."""

ONE_SHOT: dict[tuple[str, str], Figures] = {
    ("ip2p", "global"): (16.10, 0.5467, 0.2810, 0.2997),
    ("visii", "global"): (16.01, 0.5071, 0.3692, 0.2909),
    ("instructbrush", "global"): (17.79, 0.5761, 0.2748, 0.3008),
    ("ip2p", "local"): (20.12, 0.7701, 0.1648, 0.5236),
    ("visii", "local"): (19.73, 0.7293, 0.2309, 0.5736),
    ("instructbrush", "local"): (23.08, 0.8270, 0.1172, 0.4790),
    ("ip2p", "all"): (17.87, 0.6450, 0.2298, 0.3982),
    ("visii", "all"): (17.65, 0.6049, 0.3083, 0.4153),
    ("instructbrush", "all"): (20.11, 0.6865, 0.2055, 0.3792),
}
"""Table 4."""


def tables(result: BenchResult) -> list[Table]:
    """One table for each number of shots and guidance."""
    rows = summarise(result.cases, result.evaluator.bench.seed)
    kinds = dict.fromkeys((row.shots, row.guidance) for row in rows)
    return [
        _table([r for r in rows if (r.shots, r.guidance) == kind], result.evaluator, *kind)
        for kind in kinds
    ]


def headings(evaluator: Evaluator) -> dict[str, str]:
    """What each measure is called: substitutes never go by the paper's names."""
    distance, clip = evaluator.distance_name, evaluator.bench.clip_name
    return {
        "psnr": "PSNR ↑",
        "ssim": "SSIM ↑",
        "perceptual": "LPIPS ↓" if distance == LPIPS_ALEX else f"{distance} ↓",
        "direction": f"{clip} direct. ↓",
    }


def _table(rows: Sequence[Summary], evaluator: Evaluator, shots: int, guidance: str) -> Table:
    base = evaluator.bench.base
    under = "the best of a grid" if guidance == "best" else "the paper's 7.5 / 1.5"
    if isinstance(base, FlowModel):
        under = "none"
    table = Table(
        title=f"{base.id}, {shots}-shot, guidance: {under}",
        caption="(n): effects. 95 %: bootstrap of the PSNR over effects. paper: PSNR, SSIM, LPIPS "
        "and CLIP direction on another base (InstructPix2Pix) and other pictures (TOP-Bench).",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    names = list(headings(evaluator).values())
    table.add_column("", no_wrap=True)
    for name in (names[0], "95 %", *names[1:]):
        # One word a line, so that a terminal of 80 columns shows every figure whole.
        heading = name.replace("-", "-\n").replace(" ", "\n")
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("paper", style="dim", justify="right", no_wrap=True)
    for split in SPLITS:
        mine = [row for row in rows if row.split == split]
        if mine:
            table.add_row()
            table.add_row(f"[bold]{TITLES[split]} ({mine[0].effects})[/bold]")
        best = _best(mine)
        for row in mine:
            psnr, *others = (_cell(row, name, bold=row is best[name]) for name in MEASURES)
            low, high = row.intervals["psnr"]
            paper = _paper(printed(row.method, split, shots))
            table.add_row(row.method, psnr, f"{low:.1f} {high:.1f}", *others, paper)
    return table


def _best(rows: Sequence[Summary]) -> dict[str, Summary | None]:
    def best(name: str) -> Summary | None:
        pick = min if name in LOWER_IS_BETTER else max
        return pick(rows, key=lambda row: getattr(row, name)) if rows else None

    return {name: best(name) for name in MEASURES}


def _cell(row: Summary, name: str, *, bold: bool) -> str:
    value = f"{getattr(row, name):.{2 if name == 'psnr' else 3}f}"
    return f"[bold]{value}[/bold]" if bold else value


def _paper(figures: Figures | None) -> str:
    if figures is None:
        return ""
    psnr, *others = figures
    return " ".join([f"{psnr:.2f}", *(f"{x:.3f}".removeprefix("0") for x in others)])


def printed(method: str, split: str, shots: int) -> Figures | None:
    """What the paper prints for a method, if it does; its recipe is its only one."""
    table = {10: TEN_SHOTS, 1: ONE_SHOT}.get(shots, {})
    return table.get((method.removesuffix("-paper"), split))
