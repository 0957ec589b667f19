"""A run on two machines, one of which dies: `python -m tests.runs.cluster.nodes IN OUT`.

The machines are Ray nodes of their own on this one; the second is killed, with its processes, as
soon as both edit.
"""

import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from ray.cluster_utils import Cluster

from brushctl.runs.executors.ray import STORE, cluster
from tests.runs.cluster.driver import edited, plan_of
from tests.runs.cluster.editors import Signing


def main() -> None:
    """Run, kill, and say how many machines there were at the end."""
    small = {"object_store_memory": STORE}
    there = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    first, second = (there.add_node(num_cpus=1, **small) for _ in range(2))

    def kill() -> None:
        while len(list(signed.iterdir())) < 2:
            time.sleep(0.1)
        there.remove_node(second, allow_graceful=False)

    with tempfile.TemporaryDirectory() as name, cluster(there.address) as ray:
        signed = Path(name)
        killer = threading.Thread(target=kill)
        killer.start()
        edited(plan_of(Path(sys.argv[1]), sys.argv[2]), partial(Signing, signed, 0.2))
        killer.join()
        print(f"machines left: {sum(node['Alive'] for node in ray.nodes())}")  # noqa: T201
    there.remove_node(first)
    there.shutdown()


if __name__ == "__main__":
    main()
