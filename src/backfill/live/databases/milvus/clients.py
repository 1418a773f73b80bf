"""Requests: what their failures mean, and what one process does for the file of Milvus Lite."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pymilvus import MilvusClient
from pymilvus.exceptions import ConnectionConfigException, MilvusException

from backfill.errors import InputError
from backfill.live.databases.milvus.settings import MilvusSettings
from backfill.live.steady import steady

_CHARACTERS = 300
_NOT_FOUND, _NOT_LOADED = 100, 101
_ILLEGAL = {6, *range(1100, 1200)}  # arguments: of Milvus Lite, of a server
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
_NO_RIGHTS = range(1400, 1500)

for _name in ("pymilvus", "milvus_lite"):  # they log each failure with its traceback
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class Passing(Exception):
    """A failure that may pass: no answer, a server that starts, a collection that is renamed."""


class Missing(Exception):
    """A collection is not there."""


# What is missing may have been removed meanwhile, which shows when it is looked for again.
patient = steady("milvus", lambda error: isinstance(error, (Passing, Missing)))
_locks: dict[str, threading.RLock] = {}
_opening = threading.Lock()


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        api: of pymilvus.
        together: what to hold while several requests belong together. For Milvus Lite a lock, so
            that no other thread comes between them, and as it lets one thread write to a
            collection at a time; for a server nothing, which has others between any two.
        lite: whether this is Milvus Lite.
        timeout: seconds that a request may take.
    """

    api: MilvusClient
    together: AbstractContextManager[Any]
    lite: bool
    timeout: float

    def call(self, method: str, collection: str, /, *args: Any, **options: Any) -> Any:
        """Request something of a collection, which is loaded if it must be.

        Raises:
            Passing: it may be repeated.
            Missing: the collection is not there.
            InputError: it cannot work.
        """
        request = getattr(self.api, method)

        def ask() -> Any:
            return request(collection, *args, timeout=self.timeout, **options)

        try:
            return _told(ask)
        except _NotLoadedError:
            _told(lambda: self.api.load_collection(collection, timeout=self.timeout))
            return _told(ask)

    def collections(self) -> list[str]:
        """Names of all collections."""
        return list(_told(lambda: self.api.list_collections(timeout=self.timeout)))

    def version(self) -> str:
        """Of the server."""
        return str(_told(lambda: self.api.get_server_version(timeout=self.timeout)))


class _NotLoadedError(Passing):
    pass


def _told(request: Callable[[], Any]) -> Any:
    try:
        return request()
    except MilvusException as error:
        raise _meant(error) from error
    except grpc.RpcError as error:
        raise _of_code(error.code(), str(error.details())) from error


def _meant(error: MilvusException) -> Exception:
    if isinstance(error.code, grpc.StatusCode):
        return _of_code(error.code, error.message)
    line = " ".join(error.message.split())[:_CHARACTERS]
    if error.code == _NOT_FOUND or error.compatible_code == 4:
        return Missing(line)
    if error.code == _NOT_LOADED:
        return _NotLoadedError(line)
    if error.is_input_error or error.code in _ILLEGAL or error.code in _NO_RIGHTS:
        return InputError(f"milvus: expected a request that it can answer, got: {line}")
    return Passing(line)


def _of_code(code: grpc.StatusCode, message: str) -> Exception:
    line = " ".join(message.split())[:_CHARACTERS]
    if code in _REFUSED:
        return InputError("database.token: expected one that the server accepts, got another")
    return Passing(line or code.name)


def opened(settings: MilvusSettings) -> Client:
    """Open a client. The file of Milvus Lite stays open until the process ends.

    Raises:
        Passing: the server does not answer.
        InputError: the file is not there, or another process uses it.
    """
    lite = "://" not in settings.uri
    if lite and not Path(settings.uri).exists():
        raise InputError(f"database.uri: expected a file of Milvus Lite, got {settings.uri}")
    token = settings.token.get_secret_value() if settings.token else ""
    try:
        api = _told(
            lambda: MilvusClient(
                settings.uri, token=token, db_name=settings.db_name, timeout=settings.timeout
            )
        )
    except Passing as error:
        cause = error.__cause__
        if not isinstance(cause, ConnectionConfigException):
            raise
        if "milvus-lite" in str(cause):
            raise InputError(
                "milvus_lite: expected this package, got none; pip install milvus-lite"
            ) from error
        raise InputError(
            "database.uri: expected a server's address, or a file of Milvus Lite that no other "
            f"process uses, since it lets in one at a time, got {settings.uri}"
        ) from error
    return Client(api, _lock(settings.uri) if lite else nullcontext(), lite, settings.timeout)


def _lock(path: str) -> threading.RLock:
    with _opening:
        return _locks.setdefault(os.path.realpath(path), threading.RLock())
