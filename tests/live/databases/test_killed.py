"""Embedded databases after SIGKILL of the process that writes: what is there is whole."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from application import MODEL, NEW, Make, fill, row, vector_of
from in_lancedb import InLanceDB
from in_qdrant import InQdrant

from backfill.errors import InputError
from backfill.live.base import Database
from backfill.live.databases.qdrant import clients
from backfill.live.terms import Query, Setup

CARRIED = 5  # width
WORKER = """
import sys
import numpy as np
sys.path.insert(0, {here!r})
from application import NEW, vector_of
from backfill.live.databases import DATABASES
kind = DATABASES[{kind!r}]
database = kind.open("trial", kind.settings.model_validate({section!r}))
while True:
    rows = database.uncarried(3)
    if rows.ids:
        database.carry(rows.ids, rows.vectors, rows.vectors[:, :{width}] * 2)
    with database.claim(5) as batch:
        if batch.items:
            batch.write(np.stack([vector_of(item.text, NEW) for item in batch.items]))
            print("wrote", flush=True)
"""


def killed_worker(kind: str, section: dict[str, object], after: int) -> None:
    """Run a worker in a process of its own, and kill it while it writes."""
    program = WORKER.format(
        here=str(Path(__file__).parent), kind=kind, section=section, width=CARRIED
    )
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
    asked = Query(vector_of("a", CARRIED), vector_of("a", NEW))
    (sides,) = database.search([asked], count, exact=True)
    assert {hit.id for hit in sides.done} == set(done)
    assert sides.uncarried is not None
    waiting = [hit.id for hit in sides.waiting] + sides.uncarried.ids
    assert sorted(waiting) == sorted(set(range(count)) - set(done))
    assert sides.waiting
    for hit in sides.waiting:
        carried = row(int(hit.id)).vector[:CARRIED]
        expected = carried @ asked.waiting / np.linalg.norm(carried)
        assert hit.cosine == pytest.approx(expected, abs=1e-5)
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
    database.prepare(Setup(MODEL, NEW, carried=CARRIED))
    killed_worker("lancedb", application.section, after=2)
    assert_whole(database, 200)


def test_qdrant_goes_on_after_its_process_was_killed(make: Make) -> None:
    application = make("qdrant")
    assert isinstance(application, InQdrant)
    fill(application, 200)
    database = application.open()
    database.prepare(Setup(MODEL, NEW, carried=CARRIED))
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
    program = WORKER.format(
        here=str(Path(__file__).parent), kind="qdrant", section=section, width=CARRIED
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = found.stderr.strip().splitlines()[-1]
    assert InputError.__name__ in last
    assert "no other process uses" in last
