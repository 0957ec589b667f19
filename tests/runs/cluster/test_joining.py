"""What a program finds changed in itself once it has used a cluster: nothing of ours."""

import subprocess
import sys

import pytest

JOINING = """
import copy
import logging
import os
import signal
import ray
import ray.data
from brushctl.runs.executors.ray import ENVIRONMENT, cluster

def state():
    loggers = [logging.getLogger(name).level for name in ("ray", "ray.data")]
    return (
        {name: os.environ.get(name) for name in ENVIRONMENT},
        loggers,
        signal.getsignal(signal.SIGTERM),
        copy.deepcopy(ray.data.DataContext.get_current()),
    )

logging.getLogger("ray").setLevel(logging.INFO)
before = state()
with cluster(None):
    assert state() != before
assert state() == before
assert not ray.is_initialized()
"""


@pytest.mark.slow
def test_a_cluster_that_was_joined_leaves_the_process_as_it_was():
    subprocess.run([sys.executable, "-c", JOINING], check=True, timeout=120)
