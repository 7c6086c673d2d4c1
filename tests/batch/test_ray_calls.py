"""What the Ray engine does with its calls, on a Ray that is played in this process."""

import sys
from collections import Counter
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest

from fcn_detect.batch import ray_engine, run_batch
from fcn_detect.batch.machine import Machine


class DiedError(Exception):
    pass


class OutOfMemoryError(DiedError):
    pass


class Reference:
    """A call: it is made when its result is asked for."""

    def __init__(self, actor, method, arguments):
        self.actor, self.method, self.arguments = actor, method, arguments

    def result(self, ray):
        names = self.arguments[0] if self.arguments else []
        ray.calls.append(list(names))
        if ray.deadly & set(names) or len(ray.calls) in ray.deaths:
            self.actor.dead = True
        if self.actor.dead:
            raise ray.error
        return getattr(self.actor.object, self.method)(*self.arguments)


class Actor:
    def __init__(self, made):
        self.object, self.dead = made, False

    def __getattr__(self, method):
        return SimpleNamespace(remote=lambda *arguments: Reference(self, method, arguments))


class PlayedRay(ModuleType):
    """As much of Ray as the engine uses; calls number `deaths` and images `deadly` kill."""

    def __init__(self, deaths=(), deadly=(), error=None):
        super().__init__("ray")
        self.deaths, self.deadly, self.error = set(deaths), set(deadly), error or DiedError()
        self.calls, self.actors, self.reserved, self.up = [], [], {}, False
        self.exceptions = SimpleNamespace(RayError=DiedError, OutOfMemoryError=OutOfMemoryError)

    def is_initialized(self):
        return self.up

    def init(self, **_):
        self.up = True

    def shutdown(self):
        self.up = False

    def cluster_resources(self):
        return {"CPU": 4.0}

    def remote(self, **reserved):
        self.reserved = reserved

        def make(cls):
            return SimpleNamespace(remote=lambda *arguments: self._start(cls(*arguments)))

        return make

    def wait(self, references, num_returns=1, timeout=None):
        """All have ended; of fewer than are asked for, the newest, as Ray itself may do."""
        assert timeout in (None, 0)
        return references[-num_returns:], references[:-num_returns]

    def get(self, reference):
        return reference.result(self)

    def kill(self, actor):
        actor.dead = True

    def _start(self, made):
        self.actors.append(Actor(made))
        return self.actors[-1]


@pytest.fixture
def play(monkeypatch, job, detector, tmp_path):
    """Runs the job on a played Ray: the run's records, by image, and the Ray."""

    class Searcher:
        def __init__(self, spec):
            self.spec = spec

        def machine(self):
            return Machine.of(detector.backend)

        def search(self, names):
            results = [detector.result(self.spec.job.folder / n, n)[0] for n in names]
            return results, self.machine(), 0.1 * len(names)

    monkeypatch.setattr(ray_engine, "Searcher", Searcher)

    def run(workers=3, **kinds):
        ray = PlayedRay(**kinds)
        monkeypatch.setitem(sys.modules, "ray", ray)
        _, results = run_batch(
            replace(job, run=tmp_path / "ray", engine="ray", workers=workers), detector
        )
        assert not ray.up
        assert all(actor.dead for actor in ray.actors)
        return results, ray

    return run


def undisturbed(inline, detector):
    run_batch(inline, detector)
    return (inline.run / "results.jsonl").read_bytes()


@pytest.mark.parametrize("deaths", [(), (2,), (2, 3, 5), tuple(range(2, 40, 5))])
def test_workers_that_die_cost_nothing(play, inline, detector, deaths):
    results, ray = play(deaths=deaths)
    assert results.path.read_bytes() == undisturbed(inline, detector)
    assert bool(deaths) == (len(ray.actors) > 3)


def test_without_deaths_each_image_is_given_once_and_calls_grow(play):
    _, ray = play(workers=1)
    given = Counter(name for names in ray.calls for name in names)
    assert set(given.values()) == {1}
    assert len(ray.calls[1]) == 1
    assert max(map(len, ray.calls)) > 2


@pytest.mark.parametrize(
    "error, kind", [(DiedError(), "crashed"), (OutOfMemoryError(), "out_of_memory")]
)
def test_an_image_that_kills_its_workers_fails_and_the_others_do_not(play, error, kind):
    results, _ = play(deadly=["cam0/003.png"], error=error)
    failed = {result.image: result.failure.kind for result in results.failures()}
    assert failed == {"cam0/003.png": kind}
    assert len(results) == 20


def test_workers_reserve_their_threads_but_not_more_than_there_are(play):
    assert play(workers=None)[1].reserved == {"num_cpus": 1.0, "num_gpus": 0.0}
    _, ray = play(workers=8)
    assert ray.reserved["num_cpus"] == 0.5
    assert len(ray.actors) == 8
