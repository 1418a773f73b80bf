"""Tasks on the workers of a Ray cluster (Moritz et al., OSDI 2018).

A worker that dies takes its task with it and no more: Ray runs the task again elsewhere. Arrays
travel through Ray's object store, once to a machine; arrays that are mapped from a file travel as
the file's name, so that all machines need the same file system.
"""

from __future__ import annotations

import mmap
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from tqdm import tqdm

from backfill.compute.engine import Place, Result, Shared, Task, even_parts
from backfill.errors import InputError

if TYPE_CHECKING:
    from backfill.params import Compute

# Parts a worker: enough that the last ones to finish do not keep the others waiting for long.
_PARTS_PER_WORKER = 4
# Tasks a worker that are under way, so that it never waits for the next one.
_AHEAD = 2
# How often a task may lose its worker before the run gives up.
_RETRIES = 5
# Seconds in which a cluster that is there answers.
_ANSWERS_WITHIN = 10
# Seconds in which a member that died is known to be dead, after others failed to reach it.
_NOTICED_WITHIN = 10


class OnRay:
    """An engine of `workers` tasks at a time; see :class:`backfill.compute.engine.Engine`."""

    def __init__(self, workers: int, gpus: int) -> None:
        self.workers = workers
        self.gpus = gpus

    @classmethod
    @contextmanager
    def connected(cls, settings: Compute) -> Iterator[OnRay]:
        """Join the cluster at `settings.address`, or start one on this machine for as long.

        A cluster that this process is connected to already is used, and left as it is.
        """
        # A workflow that phones nobody.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError:
            raise InputError(
                "compute.engine: 'ray' needs the package ray; pip install 'backfill[ray]'"
            ) from None
        had = ray.is_initialized()
        if not had:
            _connect(settings)
        try:
            ray.util.register_serializer(np.memmap, serializer=_by_name, deserializer=_mapped_again)
            found = ray.cluster_resources()
            cpus = int(found.get("CPU", 0))
            if cpus == 0:
                raise InputError("compute.address: the cluster has no CPUs to work with")
            yield cls(min(settings.workers or cpus, cpus), int(found.get("GPU", 0)))
        finally:
            if not had:
                ray.shutdown()

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """See :class:`backfill.compute.engine.Engine`."""
        return even_parts(count, _PARTS_PER_WORKER * self.workers, multiple)

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        shared: Shared,
        tasks: Sequence[Task],
        *,
        title: str,
        gpu: bool = False,
    ) -> Iterator[Result]:
        """See :class:`backfill.compute.engine.Engine`; only a few tasks are under way at a time."""
        import ray

        resources = {"num_gpus": 1} if gpu and self.gpus else {"num_cpus": 1}
        remote = ray.remote(max_retries=_RETRIES, **resources)(function)
        at_once = min(self.workers, self.gpus) if "num_gpus" in resources else self.workers
        stored = ray.put(shared)
        running: deque[Any] = deque()
        with tqdm(total=len(tasks), desc=title, unit="part", disable=None) as bar:
            for task in tasks:
                running.append(remote.remote(stored, task))
                if len(running) >= _AHEAD * at_once:
                    yield _result(running.popleft())
                    bar.update()
            while running:
                yield _result(running.popleft())
                bar.update()

    def gang(
        self, function: Callable[[Shared, Place], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """See :class:`backfill.compute.engine.Engine`; the CPUs are shared out among them."""
        import ray

        kind, room = ("GPU", self.gpus) if gpu and self.gpus else ("CPU", self.workers)
        if size > room:
            raise InputError(f"train.ranks: {size}, but the cluster has {room} {kind}s")
        # As many CPUs as fit where the members are spread evenly over the machines.
        nodes = [int(n["Resources"].get(kind, 0)) for n in ray.nodes() if n["Alive"]]
        nodes = [count for count in nodes if count]
        each = 1 if kind == "GPU" else max(1, min(nodes) // -(-size // len(nodes)))
        # Reserved together: two gangs would otherwise wait for each other, half of each there.
        group = ray.util.placement_group([{kind: each}] * size, strategy="SPREAD")
        try:
            return _together(function, shared, size, group, {f"num_{kind.lower()}s": each})
        finally:
            ray.util.remove_placement_group(group)


def _together(
    function: Callable[[Shared, Place], Result],
    shared: Shared,
    size: int,
    group: Any,
    resources: dict[str, int],
) -> Result:
    """Run the members of a gang where room was reserved, all anew where one dies."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    member = ray.remote(**resources)(_Member)
    places = [PlacementGroupSchedulingStrategy(group, rank) for rank in range(size)]
    for _ in range(_RETRIES):
        members = [member.options(scheduling_strategy=place).remote() for place in places]
        try:
            meeting = ray.get(members[0].meeting.remote())
            running = [
                each.run.remote(function, shared, Place(rank, size, meeting))
                for rank, each in enumerate(members)
            ]
            result: Result = _first_of(running)
            return result
        except ray.exceptions.RayActorError:
            continue
        finally:
            for each in members:
                ray.kill(each)
    raise InputError(f"train.ranks: a process died in each of {_RETRIES} attempts")


def _connect(settings: Compute) -> None:
    import ray

    own = settings.address is None
    try:
        if settings.address is not None:
            _require_answer(settings.address)
        ray.init(
            address="local" if own else settings.address,
            num_cpus=settings.workers if own else None,
            include_dashboard=False if own else None,
            logging_level="ERROR",
            log_to_driver=False,
            # Each task has one CPU, and so one thread; Ray sets OpenMP's number itself.
            runtime_env={"env_vars": {"NUMBA_NUM_THREADS": "1"}},
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        expected = f"address: {settings.address!r}, expected a running Ray cluster"
        if own:
            expected = "engine: 'ray' does not start on this machine"
        raise InputError(f"compute.{expected} ({reason})") from error


def _require_answer(address: str) -> None:
    """Raise OSError where nothing listens; Ray itself would try for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname is not None and place.port is not None:
        socket.create_connection((place.hostname, place.port), timeout=_ANSWERS_WITHIN).close()


class _Member:
    """One process of a gang."""

    def meeting(self) -> str:
        """An address of this machine on which the others can join."""
        import ray

        with socket.socket() as free:
            free.bind(("", 0))
            return f"tcp://{ray.util.get_node_ip_address()}:{free.getsockname()[1]}"

    def run(
        self, function: Callable[[Shared, Place], Result], shared: Shared, place: Place
    ) -> Result:
        """Work."""
        return function(shared, place)


def _first_of(running: list[Any]) -> Any:
    """The first member's result, once all have one; raises as soon as one fails.

    Where a member dies, the others may notice first: that is what is raised then.
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
    """A mapped array as its place in the file, or where that would not do, as an array."""
    # What is copied on write, or not contiguous, is not what the file holds.
    if array.filename is None or array.mode == "c" or not array.flags.c_contiguous:
        return (np.array(array),)
    mapped = np.frombuffer(array._mmap, np.uint8)  # type: ignore[attr-defined]
    # A slice has the offset of the whole: what its address says is right for both.
    page_start = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    offset = page_start + array.ctypes.data - mapped.ctypes.data
    return os.path.abspath(array.filename), array.dtype.str, array.shape, offset


def _mapped_again(stored: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    if len(stored) == 1:
        return np.asarray(stored[0])
    path, dtype, shape, offset = stored
    return np.memmap(path, np.dtype(dtype), "r", offset, shape)
