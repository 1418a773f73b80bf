"""Tasks on the workers of a Ray cluster (Moritz et al., OSDI 2018).

If a worker dies, Ray runs its task again elsewhere and nothing else is lost. Arrays travel through
Ray's object store, once to each machine. Arrays that are mapped from a file travel as the name of
the file, so all machines need the same file system.
"""

# ray is imported inside functions: it is optional, and takes a second that few runs need to spend.

from __future__ import annotations

import mmap
import os
import socket
import tempfile
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import psutil
from tqdm import tqdm

from backfill.arrays import Array
from backfill.compute.engine import Peer, Result, Shared, Task, even_chunks
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.params import Compute

_LOOPBACK = "127.0.0.1"
# Ray's own switch between machines that others may join and those that only talk to themselves.
_OTHERS_MAY_JOIN = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "ENABLE_RAY_CLUSTER"
# Chunks of work per worker: enough that nobody waits long for the last ones to finish.
_CHUNKS_PER_WORKER = 4
# Tasks under way per worker, so that it never waits for the next one.
_AHEAD = 2
# How often a task may lose its worker before the run gives up.
_RETRIES = 5
# Seconds within which a running cluster answers.
_ANSWERS_WITHIN = 10
# Seconds until a process that died is known to be dead, once others have failed to reach it.
_NOTICED_WITHIN = 10


class OnRay:
    """A Ray cluster; see :class:`backfill.compute.engine.Engine` for what the methods do.

    Attributes:
        workers: number of tasks that run at a time on CPUs.
        gpus: number of GPUs of the cluster.
    """

    def __init__(self, workers: int, gpus: int) -> None:
        self.workers = workers
        self.gpus = gpus

    @classmethod
    @contextmanager
    def connected(cls, settings: Compute) -> Iterator[OnRay]:
        """Join the cluster at `settings.address`, or start one on this machine and for it alone.

        If this process is connected to a cluster already, that one is used and left running.

        Args:
            settings: section `compute` of the parameters.

        Yields:
            The engine, until the block ends.

        Raises:
            InputError: Ray is not installed, or the cluster does not answer or has no CPUs.
        """
        # Ray would otherwise report usage statistics to its makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError:
            raise InputError(
                "compute.engine: expected the package ray for 'ray', got none; "
                "pip install 'backfill[ray]'"
            ) from None
        was_connected = ray.is_initialized()
        if not was_connected:
            _connect(settings)
        try:
            ray.util.register_serializer(np.memmap, serializer=_by_name, deserializer=_mapped_again)
            found = ray.cluster_resources()
            cpus = int(found.get("CPU", 0))
            if cpus == 0:
                raise InputError("compute.address: expected a cluster with CPUs, got one with none")
            yield cls(min(settings.workers or cpus, cpus), int(found.get("GPU", 0)))
        finally:
            if not was_connected:
                ray.shutdown()

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """A few chunks per worker."""
        return even_chunks(count, _CHUNKS_PER_WORKER * self.workers, multiple)

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        shared: Shared,
        tasks: Sequence[Task],
        *,
        title: str,
        gpu: bool = False,
    ) -> Iterator[Result]:
        """Yield the results; only a few tasks are under way at a time."""
        import ray

        resources = {"num_gpus": 1} if gpu and self.gpus else {"num_cpus": 1}
        remote = ray.remote(max_retries=_RETRIES, **resources)(function)
        at_once = min(self.workers, self.gpus) if "num_gpus" in resources else self.workers
        stored = ray.put(shared)
        running: deque[Any] = deque()
        with tqdm(total=len(tasks), desc=title, unit="chunk", disable=None) as bar:
            for task in tasks:
                running.append(remote.remote(stored, task))
                if len(running) >= _AHEAD * at_once:
                    yield _result(running.popleft())
                    bar.update()
            while running:
                yield _result(running.popleft())
                bar.update()

    def together(
        self, function: Callable[[Shared, Peer], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """Run the function in `size` processes, which share the CPUs among them."""
        import ray

        kind, room = ("GPU", self.gpus) if gpu and self.gpus else ("CPU", self.workers)
        if size > room:
            raise InputError(
                f"train.processes: expected at most {room}, the {kind}s of the cluster, got {size}"
            )
        # As many CPUs as fit if the processes are spread evenly over the machines.
        nodes = [int(n["Resources"].get(kind, 0)) for n in ray.nodes() if n["Alive"]]
        nodes = [count for count in nodes if count]
        each = 1 if kind == "GPU" else max(1, min(nodes) // -(-size // len(nodes)))
        # All are reserved at once. Otherwise two such calls could hold half of what they need each,
        # and wait for each other.
        reserved = ray.util.placement_group([{kind: each}] * size, strategy="SPREAD")
        try:
            return _together(function, shared, size, reserved, {f"num_{kind.lower()}s": each})
        finally:
            ray.util.remove_placement_group(reserved)


def _together(
    function: Callable[[Shared, Peer], Result],
    shared: Shared,
    size: int,
    reserved: Any,
    resources: dict[str, int],
) -> Result:
    """Run the function in reserved processes; start all of them again if one dies."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    member = ray.remote(**resources)(_Member)
    strategies = [PlacementGroupSchedulingStrategy(reserved, rank) for rank in range(size)]
    for _ in range(_RETRIES):
        members = [member.options(scheduling_strategy=s).remote() for s in strategies]
        try:
            address = ray.get(members[0].free_address.remote())
            running = [
                each.run.remote(function, shared, Peer(rank, size, address))
                for rank, each in enumerate(members)
            ]
            result: Result = _first_of(running)
            return result
        except ray.exceptions.RayActorError:
            continue
        finally:
            for each in members:
                ray.kill(each)
    raise InputError(
        f"train.processes: expected {size} that live, but one died in each of {_RETRIES} attempts"
    )


def _connect(settings: Compute) -> None:
    """Join or start a cluster; raise InputError if that fails."""
    import ray

    own = settings.address is None
    try:
        if settings.address is not None:
            _require_answer(settings.address)
        # Each task has one CPU and so one thread. Ray sets the number for OpenMP itself.
        variables = {"NUMBA_NUM_THREADS": "1"} | (_gloo_on_loopback() if own else {})
        with _on_loopback() if own else nullcontext():
            ray.init(
                address="local" if own else settings.address,
                num_cpus=settings.workers if own else None,
                include_dashboard=False if own else None,
                logging_level="ERROR",
                log_to_driver=False,
                runtime_env={"env_vars": variables},
            )
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        if own:
            message = f"compute.engine: expected Ray to start on this machine, got: {reason}"
        else:
            message = (
                f"compute.address: expected a running Ray cluster at {settings.address!r}, "
                f"got: {reason}"
            )
        raise InputError(message) from error


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Let a cluster that starts in this block listen to this machine alone."""
    from ray._private import ray_constants

    variable, constant = _OTHERS_MAY_JOIN
    before = os.environ.get(variable), getattr(ray_constants, constant)
    os.environ[variable] = "0"  # for processes that Ray starts
    setattr(ray_constants, constant, False)
    try:
        yield
    finally:
        setattr(ray_constants, constant, before[1])
        if before[0] is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before[0]


def _gloo_on_loopback() -> dict[str, str]:
    """What torch.distributed is told, so that processes which train together do the same."""
    found = [
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(address.address == _LOOPBACK for address in addresses)
    ]
    return {"GLOO_SOCKET_IFNAME": found[0]} if found else {}


def _require_answer(address: str) -> None:
    """Raise OSError if nothing listens there; Ray itself would try for minutes."""
    parsed = urlsplit(address if "://" in address else f"//{address}")
    if parsed.hostname is not None and parsed.port is not None:
        socket.create_connection((parsed.hostname, parsed.port), timeout=_ANSWERS_WITHIN).close()


class _Member:
    """One of the processes that work together."""

    def free_address(self) -> str:
        """An address on this machine at which the others can join."""
        import ray

        if ray.util.get_node_ip_address() == _LOOPBACK:
            # The only machine; a server of torch would listen to all.
            return f"file://{tempfile.gettempdir()}/backfill-{uuid.uuid4().hex}"
        with socket.socket() as free:
            free.bind(("", 0))
            return f"tcp://{ray.util.get_node_ip_address()}:{free.getsockname()[1]}"

    def run(self, function: Callable[[Shared, Peer], Result], shared: Shared, peer: Peer) -> Result:
        """Run the function in this process."""
        return function(shared, peer)


def _first_of(running: list[Any]) -> Any:
    """Wait for all processes and return the result of the first; raise as soon as one fails.

    When a process dies, the others may fail before its death is noticed. Its death is raised then.
    """
    import ray

    left, failed = list(running), None
    while left:
        done, left = ray.wait(left, timeout=None if failed is None else _NOTICED_WITHIN)
        if not done:
            break
        try:
            _result(done[0])
        except ray.exceptions.RayTaskError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return ray.get(running[0])


def _result(reference: Any) -> Any:
    """What a task returned; raises what it raised, as if it had run here."""
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        if isinstance(error.cause, OSError):
            raise InputError(
                f"a worker: {error.cause}; all machines need the same file system"
            ) from error
        raise


def _by_name(array: np.memmap[Any, Any]) -> tuple[Any, ...]:
    """A mapped array as its position in the file or, if that would not do, as an array."""
    # A copy-on-write or non-contiguous array differs from what the file holds.
    if array.filename is None or array.mode == "c" or not array.flags.c_contiguous:
        return (np.array(array),)
    mapped = np.frombuffer(array._mmap, np.uint8)  # type: ignore[attr-defined]
    # A slice carries the offset of the whole array; its memory address is right for both.
    page_start = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    offset = page_start + array.ctypes.data - mapped.ctypes.data
    return os.path.abspath(array.filename), array.dtype.str, array.shape, offset


def _mapped_again(stored: tuple[Any, ...]) -> Array:
    """The inverse of :func:`_by_name`."""
    if len(stored) == 1:
        return np.asarray(stored[0])
    path, dtype, shape, offset = stored
    return np.memmap(path, np.dtype(dtype), "r", offset, shape)
