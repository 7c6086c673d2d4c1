"""What the Ray engine does with its calls, on a Ray that is played in this process."""

import sys
from collections import Counter
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest

from fcn_detect.batch import ray_engine, run_batch
from fcn_detect.batch.job import RayCluster
from fcn_detect.batch.machine import Machine
from fcn_detect.errors import SettingsError


class DiedError(Exception):
    actor_init_failed = False


class NotBegunError(DiedError):
    actor_init_failed = True


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
            if ray.shrinks:
                ray.room = len(ray.living())
        if self.actor.dead:
            raise ray.error
        return getattr(self.actor.object, self.method)(*self.arguments)


class Actor:
    def __init__(self, made, dead):
        self.object, self.dead = made, dead

    def __getattr__(self, method):
        return SimpleNamespace(remote=lambda *arguments: Reference(self, method, arguments))


class PlayedRay(ModuleType):
    """As much of Ray as the engine uses.

    Calls number `deaths` and images `deadly` kill, actors number `stillborn` never begin, and with
    `shrinks` a dead one's machine goes with it: what is put in its place waits for room for ever.
    """

    def __init__(
        self,
        deaths=(),
        deadly=(),
        stillborn=(),
        shrinks=False,
        error=None,
        machines=({"CPU": 4.0},),
    ):
        super().__init__("ray")
        self.deaths, self.deadly, self.stillborn = set(deaths), set(deadly), set(stillborn)
        self.shrinks, self.error, self.machines = shrinks, error or DiedError("gone"), machines
        self.calls, self.actors, self.reserved, self.up = [], [], {}, False
        self.room = sys.maxsize
        self.exceptions = SimpleNamespace(RayError=DiedError, OutOfMemoryError=OutOfMemoryError)

    def is_initialized(self):
        return self.up

    def init(self, **_):
        self.up = True

    def shutdown(self):
        self.up = False

    def nodes(self):
        gone = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
        return [gone, *({"Alive": True, "Resources": own} for own in self.machines)]

    def remote(self, **reserved):
        self.reserved = reserved

        def make(cls):
            return SimpleNamespace(remote=lambda *arguments: self._start(cls(*arguments)))

        return make

    def wait(self, references, num_returns=1, timeout=None):
        """All that have room have ended; of fewer than are asked for, the newest, as Ray may do."""
        started = self.living()[: self.room]
        ended = [r for r in references if r.actor.dead or r.actor in started]
        assert ended or timeout is not None, "this would wait for ever"
        chosen = ended[-num_returns:]
        return chosen, [r for r in references if r not in chosen]

    def get(self, reference):
        return reference.result(self)

    def kill(self, actor):
        actor.dead = True

    def living(self):
        return [actor for actor in self.actors if not actor.dead]

    def _start(self, made):
        self.actors.append(Actor(made, dead=len(self.actors) + 1 in self.stillborn))
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

    def run(workers=3, gpus=0.0, **kinds):
        ray = PlayedRay(**kinds)
        monkeypatch.setitem(sys.modules, "ray", ray)
        own = replace(job, run=tmp_path / "ray", engine="ray", ray=RayCluster(None, gpus))
        try:
            _, results = run_batch(replace(own, workers=workers), detector)
        finally:
            assert not ray.up
            assert not ray.living()
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
    given = [names for names in ray.calls if names]  # the others asked whether it is ready
    assert set(Counter(name for names in given for name in names).values()) == {1}
    assert len(given[0]) == 1
    assert max(map(len, given)) > 2


@pytest.mark.parametrize(
    "error, kind", [(DiedError(), "crashed"), (OutOfMemoryError(), "out_of_memory")]
)
def test_an_image_that_kills_its_workers_fails_and_the_others_do_not(play, error, kind):
    results, _ = play(deadly=["cam0/003.png"], error=error)
    failed = {result.image: result.failure.kind for result in results.failures()}
    assert failed == {"cam0/003.png": kind}
    assert len(results) == 20


def test_a_run_ends_though_a_machine_goes_and_no_worker_can_take_its_place(play, inline, detector):
    results, ray = play(deaths=(6,), shrinks=True)
    assert results.path.read_bytes() == undisturbed(inline, detector)
    assert len(ray.actors) == 4


def test_a_run_without_room_for_any_worker_says_so(play, caplog):
    with pytest.raises(AssertionError, match="this would wait for ever"):
        play(workers=1, deaths=(6,), shrinks=True)
    assert caplog.messages == ["no worker is ready yet: does the cluster have room for one?"]


def test_a_worker_that_cannot_start_is_done_without(play, inline, detector, caplog):
    results, ray = play(stillborn=(2, 4, 5))
    assert results.path.read_bytes() == undisturbed(inline, detector)
    assert len(ray.actors) == 5
    assert caplog.messages == [
        "a worker could not start, 3 times: gone; the run goes on with the other 2"
    ]


def test_with_no_worker_left_the_run_stops_and_goes_on_where_it_was(play, inline, detector):
    with pytest.raises(SettingsError, match="could not start, 3 times: gone; start the same"):
        play(workers=1, deaths=(6,), stillborn=(2, 3, 4))
    results, ray = play()
    assert results.path.read_bytes() == undisturbed(inline, detector)
    assert 0 < len({name for names in ray.calls for name in names}) < 20


@pytest.mark.parametrize(
    "said, reason",
    [
        (
            "It died.\n\tpid: 7\nIt ran out of memory.\nThe actor never ran - so",
            "It ran out of memory.",
        ),
        ('  File "a.py", line 9, in __init__\n    raise it\nValueError: no\n', "ValueError: no"),
        ("", "NotBegunError"),
    ],
)
def test_a_worker_that_refuses_at_the_start_is_an_error(play, said, reason):
    with pytest.raises(SettingsError, match=f"--engine ray: a worker could not start: {reason}$"):
        play(stillborn=(1, 2, 3), error=NotBegunError(said))


def test_workers_killed_at_the_start_cost_nothing_unless_each_one_is(play, inline, detector):
    results, ray = play(stillborn=(1, 2, 3, 4))
    assert results.path.read_bytes() == undisturbed(inline, detector)
    assert len(ray.actors) == 7
    with pytest.raises(SettingsError, match="could not start, 3 times: gone; start the same"):
        play(stillborn=range(1, 10))


@pytest.mark.parametrize(
    "machines, threads, workers, gpus, reserved, count",
    [
        ([{"CPU": 4.0}], 1, None, 0.0, 1.0, 4),
        ([{"CPU": 4.0}], 1, 8, 0.0, 0.5, 8),
        ([{"CPU": 3.0}, {"CPU": 3.0}], 2, None, 0.0, 2.0, 2),
        ([{"CPU": 2.0}], 4, None, 0.0, 2.0, 1),
        ([{}, {"CPU": 4.0}], 2, None, 0.0, 2.0, 2),
        ([{"CPU": 8.0, "GPU": 1.0}, {"CPU": 8.0}], 1, None, 0.25, 1.0, 4),
        ([{"CPU": 2.0, "GPU": 1.0}], 1, None, 0.25, 1.0, 2),
    ],
)
def test_workers_reserve_what_there_is(
    play, detector, machines, threads, workers, gpus, reserved, count
):
    detector.backend.threads = threads
    _, ray = play(workers, gpus, machines=machines)
    assert ray.reserved == {"num_cpus": reserved, "num_gpus": gpus}
    assert len(ray.actors) == count


@pytest.mark.parametrize("machines", [[{"CPU": 4.0}], [{"CPU": 4.0, "GPU": 0.5}], [{"GPU": 1.0}]])
def test_a_worker_that_no_machine_has_room_for_is_refused(play, machines):
    with pytest.raises(SettingsError, match="reserves, 1 CPU and 1 GPU; see --gpus"):
        play(None, 1.0, machines=machines)
