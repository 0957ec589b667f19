"""The figures in the shape of the paper's Tables 1, 2 and 4."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from brushctl.bench.cases import Judges
from brushctl.bench.effects import GLOBAL, LOCAL
from brushctl.bench.paper import Figures, printed
from brushctl.bench.running import Outcome
from brushctl.bench.summary import LOWER_IS_BETTER, MEASURES, SPLITS, Summary, summarise
from brushctl.engine.perception import LPIPS_ALEX

TITLES = {
    GLOBAL: "TOP-Global",
    LOCAL: "TOP-Local",
    "all": "all",
    "held-out": "unknown to the base",
}


def tables(outcome: Outcome) -> list[Table]:
    """One table for each number of shots and guidance."""
    rows = summarise(outcome.cases, outcome.judges.bench.seed)
    kinds = dict.fromkeys((row.shots, row.guidance) for row in rows)
    return [
        _table([r for r in rows if (r.shots, r.guidance) == kind], outcome.judges, *kind)
        for kind in kinds
    ]


def headings(judges: Judges) -> dict[str, str]:
    """What each measure is called: substitutes never go by the paper's names."""
    distance, clip = judges.distance_name, judges.bench.clip_name
    return {
        "psnr": "PSNR ↑",
        "ssim": "SSIM ↑",
        "perceptual": "LPIPS ↓" if distance == LPIPS_ALEX else f"{distance} ↓",
        "direction": f"{clip} direction ↓",
    }


def _table(rows: Sequence[Summary], judges: Judges, shots: int, guidance: str) -> Table:
    under = "the best of a grid" if guidance == "best" else "the paper's 7.5 / 1.5"
    table = Table(
        title=f"{judges.bench.base.id}, {shots}-shot, guidance: {under}",
        caption="95 %: bootstrap of the PSNR over effects. paper: PSNR, SSIM, LPIPS, CLIP direction"
        " on another base (InstructPix2Pix) and other pictures (TOP-Bench).",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    names = list(headings(judges).values())
    table.add_column("", no_wrap=True)
    for name in (names[0], "95 %", *names[1:]):
        table.add_column(name.replace(" ", "\n"), justify="right")
    table.add_column("paper", style="dim", justify="right", no_wrap=True)
    for split in SPLITS:
        mine = [row for row in rows if row.split == split]
        if mine:
            table.add_row(f"[bold]{TITLES[split]}[/bold], {_counted(mine[0].effects)}")
        best = _best(mine)
        for k, row in enumerate(mine):
            psnr, *others = (_cell(row, name, bold=row is best[name]) for name in MEASURES)
            low, high = row.intervals["psnr"]
            paper = _paper(printed(row.method, split, shots))
            cells = (row.method, psnr, f"{low:.1f} {high:.1f}", *others, paper)
            table.add_row(*cells, end_section=k + 1 == len(mine))
    return table


def _counted(effects: int) -> str:
    return "1 effect" if effects == 1 else f"{effects} effects"


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
