"""A folder searched by one pass at a time on all cores, and by passes that share the cores.

    python scripts/bench/passes_at_once.py [-m person-small] [--min-height 50] [--images 20]
        [--repeats 3]

Rendered frames of 768x576 on OpenVINO, in turns; medians, as a Markdown table. Processor time holds
that of the processes that read, their start included.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

from fcn_detect.backends import find_model
from fcn_detect.batch import BatchJob, run_batch, share_cores
from fcn_detect.bench.frames import bench_frames, copy_frames
from fcn_detect.detect import Detector


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--min-height", type=float, default=50)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    settings = {"backend": "openvino", "min_height": args.min_height}
    whole = Detector.load(args.model, **settings)
    threads, networks = share_cores(whole.backend)
    shared = Detector.load(args.model, **settings, threads=threads)
    ways = {
        f"one pass of {whole.backend.threads} threads": (whole, 1),
        f"{networks} passes of {threads} threads": (shared, networks),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name:
        frames = bench_frames((), Path(name) / "scenes")
        folder = copy_frames(frames, Path(name) / "folder", args.images)[0].parent
        for turn in range(args.repeats):
            for way, (detector, at_once) in ways.items():
                run = Path(name) / f"{at_once}-{turn}"
                job = BatchJob(folder, run, find_model(args.model), networks=at_once)
                start, before = time.perf_counter(), processor_s()
                run_batch(job, detector)
                taken[way].append((time.perf_counter() - start, processor_s() - before))
    print("| | images/s | processor, ms an image |")
    print("|---|---|---|")
    for way, turns in taken.items():
        seconds, busy = map(statistics.median, zip(*turns, strict=True))
        print(f"| {way} | {args.images / seconds:.2f} | {1e3 * busy / args.images:.0f} |")


def processor_s() -> float:
    """Seconds of the processor of this process and of those that have ended below it."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
