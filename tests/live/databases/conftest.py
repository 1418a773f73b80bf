from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
from application import Application, Make

KINDS = ("postgres", "lancedb", "qdrant", "milvus")


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Make]]:
    """What each database started, until the session ends."""
    with ExitStack() as stack:
        started: dict[str, Make] = _Started(stack)
        yield started


class _Started(dict[str, Make]):
    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, kind: str) -> Make:
        self[kind] = self._stack.enter_context(import_module(f"in_{kind}").applications())
        return self[kind]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, servers: dict[str, Make], tmp_path: Path) -> Make:
    """Makes an application with an empty gallery, in one database after the other."""
    start = servers[request.param]
    return lambda **options: start(folder=tmp_path, **options)


@pytest.fixture
def application(make: Make) -> Application:
    """An application with an empty gallery, in one database after the other."""
    return make()
