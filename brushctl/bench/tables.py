"""The figures in the shape of the paper's Tables 1, 2 and 4."""

from collections.abc import Sequence

from rich.table import Table

from brushctl.bench.cases import Judges
from brushctl.bench.effects import GLOBAL, LOCAL
from brushctl.bench.methods.lpips import LPIPS_ALEX
from brushctl.bench.paper import Figures, printed
from brushctl.bench.running import Outcome
from brushctl.bench.summary import LOWER_IS_BETTER, MEASURES, SPLITS, Summary, summarise

TITLES = {
    GLOBAL: "TOP-Global",
    LOCAL: "TOP-Local",
    "all": "all",
    "held-out": "held out",
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
        "direction": f"{clip} direct. ↓",
    }


def _table(rows: Sequence[Summary], judges: Judges, shots: int, guidance: str) -> Table:
    under = "the best of a grid" if guidance == "best" else "the paper's 7.5 / 1.5"
    table = Table(
        title=f"{judges.bench.base.id}, {shots}-shot, guidance: {under}",
        caption="(n): effects. 95 %: bootstrap of the PSNR over effects. paper: PSNR, SSIM, LPIPS "
        "and CLIP direction on another base (InstructPix2Pix) and other pictures (TOP-Bench).",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    names = list(headings(judges).values())
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
