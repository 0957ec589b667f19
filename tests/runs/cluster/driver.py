"""A run on a cluster: `python -m tests.runs.cluster.driver IN OUT` is slow, to be killed."""

import sys
from pathlib import Path

from brushctl.runs.executors.ray import EditorOpener, Pool, cluster, edit_on_cluster
from brushctl.runs.inputs import find_inputs
from brushctl.runs.journal import Journal
from brushctl.runs.plan import Plan, plan_folder
from brushctl.runs.records import Record
from brushctl.runs.resume import select
from brushctl.runs.steps import Treatment
from tests.runs.cluster.editors import Slow

TREATMENT = Treatment({"brush": "dusk", "seed": 0})


def plan_of(photographs: Path, output: str) -> Plan:
    """All of a folder's photographs, into a folder beside it."""
    return plan_folder(find_inputs([str(photographs)]), photographs.parent / output)


def edited(plan: Plan, opener: EditorOpener, **pool: int) -> list[Record]:
    """Every photograph of a plan that its journal does not have yet, edited on the cluster."""
    assert plan.state
    with Journal(plan.state) as journal:
        todo = select(plan, journal.records, TREATMENT).todo
        return edit_on_cluster(plan, todo, opener, TREATMENT, journal=journal, pool=Pool(**pool))


if __name__ == "__main__":
    with cluster(None):
        edited(plan_of(Path(sys.argv[1]), sys.argv[2]), Slow, most=1)
