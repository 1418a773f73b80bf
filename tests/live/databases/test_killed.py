"""Embedded databases after SIGKILL of the process that writes: what is there is whole."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from application import MODEL, NEW, Make, fill, vector_of
from in_lancedb import InLanceDB
from in_qdrant import InQdrant

from backfill.errors import InputError
from backfill.live.base import Database, Query, Setup
from backfill.live.databases.qdrant import clients

WORKER = """
import sys
import numpy as np
sys.path.insert(0, {here!r})
from application import NEW, vector_of
from backfill.live.databases import DATABASES
kind = DATABASES[{kind!r}]
database = kind.open("trial", kind.settings.model_validate({section!r}))
while True:
    with database.claim(5) as batch:
        if batch.items:
            batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))
            print("wrote", flush=True)
"""


def killed_worker(kind: str, section: dict[str, object], after: int) -> None:
    """Run a worker in a process of its own, and kill it while it writes."""
    program = WORKER.format(here=str(Path(__file__).parent), kind=kind, section=section)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        for _ in range(after):
            assert worker.stdout.readline() == b"wrote\n"
        time.sleep(0.003 * after)
        worker.send_signal(signal.SIGKILL)


def assert_whole(database: Database, count: int) -> None:
    """What is done has the vector of its content, and the rest can be done."""
    done = database.new_vectors(range(count))
    assert len(done) == database.counts().done >= 5
    for k, vector in done.items():
        np.testing.assert_allclose(vector, vector_of(f"text {k}", NEW), atol=1e-6)
    (sides,) = database.search([Query(vector_of("a", 8), vector_of("a", NEW))], count, exact=True)
    assert {hit.id for hit in sides.done} == set(done)
    assert {hit.id for hit in sides.waiting} == set(range(count)) - set(done)
    while True:
        with database.claim(50) as batch:
            if not batch.items:
                break
            batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))
    assert database.counts().waiting == 0


@pytest.fixture
def make(request: pytest.FixtureRequest, servers: dict[str, Make], tmp_path: Path) -> Make:
    return lambda kind: servers[kind](folder=tmp_path)


def test_lancedb_goes_on_after_a_worker_was_killed_beside_others(make: Make) -> None:
    application = make("lancedb")
    assert isinstance(application, InLanceDB)
    fill(application, 200)
    database = application.open()
    database.prepare(Setup(MODEL, NEW))
    killed_worker("lancedb", application.section, after=2)
    assert_whole(database, 200)


def test_qdrant_goes_on_after_its_process_was_killed(make: Make) -> None:
    application = make("qdrant")
    assert isinstance(application, InQdrant)
    fill(application, 200)
    database = application.open()
    database.prepare(Setup(MODEL, NEW))
    database.close()
    clients.close(application.client)
    killed_worker("qdrant", application.section | {"path": str(application.path)}, after=2)
    application.client = clients.opened(application.settings())
    database = application.open()
    assert_whole(database, 200)
    database.close()


def test_qdrant_lets_in_one_process_at_a_time_and_says_so(make: Make) -> None:
    application = make("qdrant")
    assert isinstance(application, InQdrant)
    section = application.section | {"path": str(application.path)}
    program = WORKER.format(here=str(Path(__file__).parent), kind="qdrant", section=section)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = found.stderr.strip().splitlines()[-1]
    assert InputError.__name__ in last
    assert "no other process uses" in last
