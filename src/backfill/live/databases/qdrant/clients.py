"""Clients: one per connection to a server, one per process and folder in the local mode."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from backfill.errors import InputError
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.steady import steady

_TOO_MANY, _TIMED_OUT, _SERVER = 429, 408, 500  # HTTP status
_NOT_FOUND, _CONFLICT = 404, 409


def _passes(error: BaseException) -> bool:
    """No connection, or a server that starts, is busy or fails."""
    if isinstance(error, UnexpectedResponse):
        status = error.status_code or 0
        return status in (_TOO_MANY, _TIMED_OUT) or status >= _SERVER
    return isinstance(error, (ResponseHandlingException, httpx.TransportError))


patient = steady("qdrant", _passes)


@dataclass
class Client:
    """A client, and what to hold while several of its calls belong together.

    Attributes:
        api: the client.
        together: in the local mode a lock, so that nobody in this process comes between calls; of
            a server nothing, which has others between any two.
        local: whether this is the local mode.
    """

    api: QdrantClient
    together: AbstractContextManager[Any]
    local: bool
    users: int = 1


_local: dict[Path, Client] = {}
_opening = threading.Lock()


def opened(settings: QdrantSettings) -> Client:
    """Open a client; those of one folder are one, which is closed when all are.

    Raises:
        InputError: another process uses the folder.
    """
    if settings.path is None:
        key = settings.api_key.get_secret_value() if settings.api_key else None
        with warnings.catch_warnings(action="ignore"):  # a key without TLS: loopback, or a proxy
            api = QdrantClient(
                settings.url, api_key=key, timeout=settings.timeout, check_compatibility=False
            )
        return Client(api, nullcontext(), local=False)
    path = Path(os.path.realpath(settings.path))
    with _opening:
        if path in _local:
            _local[path].users += 1
        else:
            _local[path] = Client(_in_folder(path), threading.RLock(), local=True)
        return _local[path]


def _in_folder(path: Path) -> QdrantClient:
    if not path.is_dir():
        raise InputError(f"database.path: expected a folder of Qdrant's local mode, got {path}")
    try:
        return QdrantClient(path=str(path), force_disable_check_same_thread=True)
    except RuntimeError as error:
        raise InputError(
            f"database.path: expected a folder that no other process uses, since the local mode of "
            f"Qdrant lets in one at a time, got {path}; a server lets in many"
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"database.path: expected a folder of Qdrant's local mode, got {path}"
        ) from error


def close(client: Client) -> None:
    """Close a client, unless others in this process use it too."""
    with _opening:
        client.users -= 1
        if client.users > 0:
            return
        for path in [path for path, each in _local.items() if each is client]:
            del _local[path]
    client.api.close()


@atexit.register
def _close_all() -> None:
    """Close what nobody closed, while the client can still do so."""
    for client in _local.values():
        client.api.close()


@contextmanager
def unless_missing() -> Iterator[None]:
    """Pass over a collection or a point that is not there."""
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code != _NOT_FOUND:
            raise
    except KeyError:
        pass
    except ValueError as error:
        if "not found" not in str(error):
            raise


@contextmanager
def unless_there() -> Iterator[None]:
    """Pass over a collection that somebody else has just created."""
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code != _CONFLICT:
            raise
    except ValueError as error:
        if "already exists" not in str(error):
            raise
