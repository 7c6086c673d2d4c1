"""What Ray costs beside the local engine, on one machine and the same images.

python scripts/bench/ray_overhead.py --images 200

Both search rendered scenes with one network of one thread and one process that reads; the results
must be the same bytes. The rate leaves out the start of the processes. What Ray would add to a
folder on which the local engine is busy for a minute follows from the start and the rate.

Ray starts eight Python processes, and each imports Ray: where nothing has compiled its modules
(PYTHONDONTWRITEBYTECODE, or an installation that may not be written to) that takes twice as long.
`--address auto` measures a cluster that is there, as `ray start --head` makes it.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_detect.backends import find_model
from fcn_detect.batch import BatchJob, RayCluster, run_batch
from fcn_detect.detect import Detector
from fcn_detect.scenes import render_scene

SCENES = 8
MINUTE_S = 60.0


class Clock:
    """A progress that notes when the first and the last image was done."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.times: list[float] = []

    def __call__(self, task: str, done: int, total: int, note: str = "") -> None:  # noqa: ARG002
        if task == "searching images":
            self.times.append(time.monotonic() - self.began)

    @property
    def rate(self) -> float:
        """Images a second, once the first is done."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    def report(self, engine: str, busy: float) -> None:
        print(f"{engine}: first image after {self.times[0]:.1f} s, then {self.rate:.2f} images/s;")
        print(f"this process and its own were busy for {busy * 1000:.0f} ms an image", flush=True)

    def seconds(self, images: float) -> float:
        """For so many images."""
        return self.times[0] + (images - 1) / self.rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--engines", nargs="+", default=["local", "ray"])
    parser.add_argument("--address", help="of a Ray cluster that is there")
    args = parser.parse_args()
    detector = Detector.load("person", backend=args.backend, threads=1, min_height=96)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        render(folder / "images", args.images)
        job = BatchJob(folder / "images", folder / "local", find_model("person"), workers=1)
        job = replace(job, ray=RayCluster(args.address))
        results, clocks = set(), {}
        for engine in args.engines:
            clocks[engine] = clock = Clock()
            busy = busy_s()
            run_batch(replace(job, run=folder / engine, engine=engine), detector, clock)
            clock.report(engine, (busy_s() - busy) / args.images)
            results.add((folder / engine / "results.jsonl").read_bytes())
        print("the same bytes" if len(results) == 1 else "NOT the same bytes")
    if clocks.keys() >= {"local", "ray"}:
        images = 1 + (MINUTE_S - clocks["local"].times[0]) * clocks["local"].rate
        print(f"Ray on a folder of a minute: +{clocks['ray'].seconds(images) / MINUTE_S - 1:.0%}")


def busy_s() -> float:
    """Seconds of the processor that this process and those that it has ended took."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def render(folder: Path, images: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    scenes = [
        Image.fromarray(render_scene(rng, (480, 640), 2, (100, 300)).image) for _ in range(SCENES)
    ]
    for i in range(images):
        scenes[i % SCENES].save(folder / f"{i:05d}.jpg")


if __name__ == "__main__":
    main()
