"""The engine of many machines: Ray starts workers, each of them a local engine with one network.

Names go out and results come back; images are read where they are searched. Ray only distributes:
what is done is known by the journal alone, which the process that started the run writes.
"""

import logging
import math
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from fcn_detect.batch.header import model_digest
from fcn_detect.batch.job import BatchJob
from fcn_detect.batch.machine import Machine
from fcn_detect.batch.ray_worker import Searcher, WorkerSpec
from fcn_detect.detect import Detector
from fcn_detect.errors import MissingExtraError, SettingsError, one_line
from fcn_detect.results import Failure, ImageResult

log = logging.getLogger(__name__)

# Calls that wait at each worker, so that none idles while results travel.
CALLS_AHEAD = 2
# A call is given as many images as take about so long, and not more than so many.
CALL_S, LARGEST_CALL = 2.0, 64
# How often a worker may die on an image before the image is taken for the reason, and how often one
# may die before it is ready, before it is done without.
TRIES = 3
# After so long without a worker, the user is told what is waited for.
PATIENCE_S = 60.0


@dataclass(frozen=True, eq=False)
class _Call:
    """To a worker: images to search, or none: it answers when it is ready."""

    place: int
    worker: Any
    names: list[str]


class RayEngine:
    """Searches images on a Ray cluster; a worker that dies is replaced, its images given again.

    Images are given to workers that are ready, so one that finds no room in the cluster, since a
    machine has gone, holds nothing up.

    Attributes:
        machine: what the first worker that was ready runs on.

    Raises:
        MissingExtraError: ray is not installed.
        SettingsError: there is no cluster at the address, or no worker can start.
    """

    def __init__(self, job: BatchJob, detector: Detector) -> None:
        try:
            import ray
        except ImportError:
            raise MissingExtraError("ray", "ray") from None
        self._ray, self._own = ray, not ray.is_initialized()
        if self._own:
            _connect(ray, job.ray.address)
        self._spec = _spec(job, detector)
        self._calls: dict[Any, _Call] = {}  # in the order in which they were given
        self._again: deque[str] = deque()
        self._tries: Counter[str] = Counter()
        self._per_call = 1
        self._workers: dict[int, Any] = {}  # by place
        self._starts: Counter[int] = Counter()  # at each place, since one was ready there
        try:
            self._remote, count = _remote(ray, job, self._spec.settings["threads"])
            for place in range(count):
                self._start(place)
            self.machine = self._first_machine()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "RayEngine":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            self._ray.kill(worker)
        if self._own:
            self._ray.shutdown()

    def search(
        self,
        names: Iterable[str],
        count: int | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[ImageResult, Machine]]:
        """Each image's record and what made it, in the order in which calls end."""
        waiting = iter(names)
        while self._fill(waiting):
            for reference in self._ended():
                if reference in self._calls:  # else it went with its worker
                    yield from self._take(reference)

    def _ended(self) -> list[Any]:
        """The calls that have ended, at least one, the oldest first.

        Asked for one alone, Ray may pass over an old one for as long as newer ones end.
        """
        calls = list(self._calls)
        with _signals_pass():
            if not self._ray.wait(calls, num_returns=1, timeout=PATIENCE_S)[0]:
                if not self._is_searching():
                    log.warning("no worker is ready yet: does the cluster have room for one?")
                self._ray.wait(calls, num_returns=1)
            ended: list[Any] = self._ray.wait(calls, num_returns=len(calls), timeout=0)[0]
        return ended

    def _fill(self, waiting: Iterator[str]) -> bool:
        """Gives every worker that is ready enough to do; whether any image is still to be done."""
        busy: Counter[int] = Counter()
        for call in self._calls.values():
            busy[call.place] += 1 if call.names else CALLS_AHEAD
        for place in [p for _ in range(CALLS_AHEAD) for p in self._workers]:
            if busy[place] >= CALLS_AHEAD:
                continue
            # what was on a worker that died is searched alone
            names = [self._again.popleft()] if self._again else []
            names = names or list(islice(waiting, self._per_call))
            if not names:
                break
            busy[place] += 1
            worker = self._workers[place]
            self._calls[worker.search.remote(names)] = _Call(place, worker, names)
        if self._is_searching():
            return True
        self._again.extend(islice(waiting, 1))  # no worker is ready, or nothing is left
        return bool(self._again)

    def _is_searching(self) -> bool:
        return any(call.names for call in self._calls.values())

    def _take(self, reference: Any) -> Iterator[tuple[ImageResult, Machine]]:
        call = self._calls[reference]
        try:
            with _signals_pass():
                answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            yield from self._lost(call, error)
            return
        del self._calls[reference]
        if not call.names:
            self._starts[call.place] = 0
            return
        results, machine, seconds = answer
        wanted = int(CALL_S * len(results) / max(seconds, 1e-6))
        self._per_call = max(1, min(wanted, 2 * self._per_call, LARGEST_CALL))
        yield from ((result, machine) for result in results)

    def _lost(self, call: _Call, error: Exception) -> Iterator[tuple[ImageResult, Machine]]:
        """Puts the images of a dead worker's calls back.

        A worker takes its calls in turn, so the first of those left is the one that it died on.
        """
        lost = self._replace(call, error)
        self._tries.update(lost[0])
        for name in chain.from_iterable(lost):
            if self._tries[name] < TRIES:
                self._again.append(name)
            else:
                yield ImageResult(name, None, None, None, self._failure(error)), self.machine

    def _replace(self, call: _Call, error: Exception) -> list[list[str]]:
        """Puts a new worker in the place of a dead one; the images of the calls lost with it."""
        left = [r for r, other in self._calls.items() if other.worker is call.worker]
        lost = [self._calls.pop(reference).names for reference in left]
        self._ray.kill(self._workers.pop(call.place))
        if self._starts[call.place] < TRIES:
            self._start(call.place)
        else:
            self._do_without(error)
        return lost

    def _do_without(self, error: Exception) -> None:
        """Goes on with the workers that are left, where there are any."""
        reason = f"a worker could not start, {TRIES} times: {_reason(error)}"
        if not self._workers:
            raise SettingsError(f"--engine ray: {reason}; start the same command again to go on")
        log.warning("%s; the run goes on with the other %d", reason, len(self._workers))

    def _failure(self, error: Exception) -> Failure:
        memory = isinstance(error, self._ray.exceptions.OutOfMemoryError)
        return Failure(
            "out_of_memory" if memory else "crashed",
            f"the worker died {TRIES} times with this image: {type(error).__name__}",
        )

    def _start(self, place: int) -> None:
        worker = self._workers[place] = self._remote.remote(self._spec)
        self._starts[place] += 1
        self._calls[worker.machine.remote()] = _Call(place, worker, [])

    def _first_machine(self) -> Machine:
        """Of the worker that is ready first; the others become so while it works."""
        while True:
            for reference in self._ended():
                try:
                    machine: Machine = self._ray.get(reference)
                    return machine
                except self._ray.exceptions.RayError as error:
                    if getattr(error, "actor_init_failed", False):  # it would fail again
                        raise SettingsError(
                            f"--engine ray: a worker could not start: {_reason(error)}"
                        ) from None
                    self._replace(self._calls[reference], error)


def _reason(error: Exception) -> str:
    """The last line of what Ray says of a worker's death: those before tell where in the code."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("The actor never ran")]
    return told[-1][:300] if told else type(error).__name__


@contextmanager
def _signals_pass() -> Iterator[None]:
    """Lets what a signal's handler raises out of Ray's code, which makes a SystemError of it."""
    try:
        yield
    except SystemError as error:
        raise error.__cause__ or error.__context__ or error from None


def _connect(ray: Any, address: str | None) -> None:
    """Connects to the cluster of an address or of `RAY_ADDRESS`; else starts one here."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    given = address or os.environ.get("RAY_ADDRESS")
    # Ray's workers would give way to everything else on the machine, and starve beside it
    here = {
        "address": "local",
        "include_dashboard": False,
        "_system_config": {"worker_niceness": 0},
    }
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**quiet, **({"address": given} if given else here))
    except Exception as error:  # its errors share no class of their own
        where = f"no cluster answers at {given}" if given else "no cluster starts here"
        raise SettingsError(
            f"--engine ray: {where}: {one_line(error)}; see docs/clusters.md"
        ) from None
    if main:  # Ray puts a handler of its own there, which ends with another exit code
        signal.signal(signal.SIGTERM, handler)


def _spec(job: BatchJob, detector: Detector) -> WorkerSpec:
    own = replace(job, folder=job.folder.absolute(), engine="local", workers=1)
    settings = detector.settings.model_dump() | {"threads": detector.backend.threads or 1}
    device = job.ray.device or ("cuda" if job.ray.gpus_per_worker else None)
    model = job.model.absolute()
    return WorkerSpec(own, model, model_digest(model), detector.backend.name, device, settings)


def _remote(ray: Any, job: BatchJob, threads: int) -> tuple[Any, int]:
    """The workers' class, with what each one reserves, and how many there shall be.

    Raises:
        SettingsError: no machine of the cluster has what a worker reserves.
    """
    machines = [Counter(node["Resources"]) for node in ray.nodes() if node["Alive"]]
    processors = [machine["CPU"] for machine in machines]
    cores = min(threads, max(processors) or 1.0)
    if job.workers is not None:
        cores = min(cores, sum(processors) / job.workers or 1.0)
    gpus = job.ray.gpus_per_worker
    room = sum(
        int(min(machine["CPU"] / cores, machine["GPU"] / gpus if gpus else math.inf))
        for machine in machines
    )
    if not room:
        raise SettingsError(
            "--engine ray: no machine of the cluster has what a worker reserves, "
            f"{cores:g} CPU and {gpus:g} GPU; see --gpus-per-worker"
        )
    return ray.remote(num_cpus=cores, num_gpus=gpus)(Searcher), job.workers or room
