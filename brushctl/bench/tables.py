"""The figures in the shape of the paper's Tables 1, 2 and 4."""

from collections.abc import Sequence

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
    "all": "all effects",
    "held-out": "unknown to the base",
}
ARROWS = {name: "↓" if name in LOWER_IS_BETTER else "↑" for name in MEASURES}


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
    names = {
        "psnr": "PSNR",
        "ssim": "SSIM",
        "perceptual": "LPIPS" if judges.distance_name == LPIPS_ALEX else judges.distance_name,
        "direction": f"{judges.bench.clip_name} direct.",
    }
    return {name: f"{title} {ARROWS[name]}" for name, title in names.items()}


def _table(rows: Sequence[Summary], judges: Judges, shots: int, guidance: str) -> Table:
    under = "the best of a grid" if guidance == "best" else "the paper's 7.5 / 1.5"
    table = Table(
        title=f"{judges.bench.base.id}, {shots}-shot, guidance: {under}",
        caption="[..]: 95 % bootstrap over effects. paper: InstructPix2Pix on TOP-Bench, "
        "LPIPS and CLIP: another base, other pictures.",
    )
    table.add_column("split")
    table.add_column("method")
    for heading in headings(judges).values():
        table.add_column(heading, justify="right")
    table.add_column("paper: PSNR SSIM LPIPS direct.", style="dim", justify="right")
    for split in SPLITS:
        mine = [row for row in rows if row.split == split]
        best = _best(mine)
        for k, row in enumerate(mine):
            title = f"{TITLES[split]} ({row.effects})" if k == 0 else ""
            cells = [_cell(row, name, bold=row is best[name]) for name in MEASURES]
            paper = _paper(printed(row.method, split, shots))
            table.add_row(title, row.method, *cells, paper, end_section=k + 1 == len(mine))
    return table


def _best(rows: Sequence[Summary]) -> dict[str, Summary | None]:
    def best(name: str) -> Summary | None:
        pick = min if name in LOWER_IS_BETTER else max
        return pick(rows, key=lambda row: getattr(row, name)) if rows else None

    return {name: best(name) for name in MEASURES}


def _cell(row: Summary, name: str, *, bold: bool) -> str:
    digits = 2 if name == "psnr" else 3
    low, high = row.intervals[name]
    value = f"{getattr(row, name):.{digits}f}"
    told = f"[bold]{value}[/bold]" if bold else value
    return rf"{told} [dim]\[{low:.{digits}f} {high:.{digits}f}][/dim]"


def _paper(figures: Figures | None) -> str:
    return "{:.2f} {:.4f} {:.4f} {:.4f}".format(*figures) if figures else ""
