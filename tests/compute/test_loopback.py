"""A cluster that a stage starts listens to this machine alone."""

import psutil

from backfill.compute.on_ray import OnRay

from .conftest import ON_RAY

pytestmark = ON_RAY


def test_nobody_else_can_reach_a_cluster_of_ones_own(engine: OnRay) -> None:
    listening = [
        (process.name(), connection.laddr.ip)
        for process in (psutil.Process(), *psutil.Process().children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4  # the driver, the store, the scheduler, a worker
    assert {ip.removeprefix("::ffff:") for _, ip in listening} == {"127.0.0.1"}
