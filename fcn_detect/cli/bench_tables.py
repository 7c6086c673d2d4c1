"""The figures of a bench, for people."""

from typing import Any

from fcn_detect.cli.tables import print_table
from fcn_detect.cli.talk import tell


def print_bench(report: Any) -> None:
    """Prints a `fcn_detect.bench.BenchReport`."""
    _print_machine(report)
    _print_windows(report.windows)
    _print_network(report)
    _print_stages(report.stages, report.packing is not None)
    _print_folder(report.folder)


def _print_machine(report: Any) -> None:
    machine, frame, header = report.machine, report.frame, report.header
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    memory = "" if machine.memory_gb is None else f", {machine.memory_gb:g} GB"
    load = "" if machine.load is None else f", load {machine.load:g}"
    tell(f"{machine.processor}, cores: {machine.cores}{memory}{load}; {machine.system}")
    tell(libraries)
    noise = f", the middle half of which lies within {report.noise:.0%}"
    tell(
        f"peak: {report.peak.gflops:.0f} GFLOP/s (float32 matrix product, {report.peak.library}); "
        f"medians of {_count(report.repeats, 'turn', 'turns')}{noise if report.repeats > 1 else ''}"
    )
    tell(
        f"{report.model}: {header.net}, windows of {_size(header.crop_hw)} every "
        f"{header.stride_hw[0]} px; {frame.image}, {_size(frame.size_hw)}: {frame.windows} windows "
        f"on {frame.levels} levels, objects from {frame.min_height:g} px"
    )


def _print_windows(windows: Any) -> None:
    tell(
        f"\nAll {windows.windows} windows of one level of {_size(windows.size_hw)}, on "
        f"{windows.backend}:"
    )
    ways = [windows.dense, *windows.crops]
    rows = [
        [
            way.way,
            _ms(way.seconds),
            f"{way.seconds / windows.dense.seconds:.1f}",
            "" if way.measured == windows.windows else f"in proportion, from {way.measured}",
        ]
        for way in ways
    ]
    print_table(["way", "ms", "times dense", "remarks"], rows, left=["way", "remarks"])
    line = f"dense is {windows.faster:.0f} times faster than batched crops"
    if windows.less_arithmetic is not None:
        line += (
            f", with {windows.less_arithmetic:.0f} times less arithmetic: "
            f"{windows.dense_macs / 1e9:.2f} against {windows.crop_macs / 1e9:.0f} "
            "billion multiplications"
        )
    tell(line)


def _print_network(report: Any) -> None:
    tell(f"\nThe network alone, all {report.frame.levels} levels of the frame:")
    rows = [
        [
            one.backend,
            one.model,
            _ms(one.seconds),
            f"{one.faster:.2f}",
            "-" if one.gflops is None else f"{one.gflops:.0f}",
            "-" if one.share_of_peak is None else f"{one.share_of_peak:.0%}",
        ]
        for one in report.networks
    ]
    headings = ["backend", "model", "ms", "speed", "GFLOP/s", "of peak"]
    print_table(headings, rows, left=["backend", "model"])
    for name, reason in report.left_out.items():
        tell(f"{name} is left out: {reason}")
    packing = report.packing
    if packing is not None:
        tell(
            f"{packing.levels} levels on {_count(packing.passes, 'canvas', 'canvases')}: "
            f"{_ms(packing.packed_s)} ms; level by level: {_ms(packing.separate_s)} ms; the levels "
            f"fill {packing.level_pixels / packing.canvas_pixels:.0%} of the canvas"
        )


def _print_stages(stages: Any, packed: bool) -> None:
    tell("\nOne frame, file to boxes:")
    times = {
        "read": stages.read_s,
        **({"resize and pack": stages.pack_s} if packed else {}),
        "network" if packed else "resize and network": stages.network_s,
        "boxes": stages.boxes_s,
        "sum of the stages": stages.sum_s,
        "whole": stages.whole_s,
    }
    rows = [[name, _ms(s), f"{s / stages.whole_s:.0%}"] for name, s in times.items()]
    print_table(["stage", "ms", "of the whole"], rows, left=["stage"])


def _print_folder(folder: Any) -> None:
    tell(f"\nA folder of {folder.images} images, {_count(folder.workers, 'process')}:")
    rates = {
        "batch": folder.batch,
        "preparing alone": folder.preparing,
        "network alone": folder.network,
        "both in sequence": folder.in_sequence,
    }
    rows = [[name, f"{rate:.1f}" if rate >= 10 else f"{rate:.2f}"] for name, rate in rates.items()]
    print_table(["", "images/s"], rows, left=[""])
    tell(f"the limit is {folder.limit}; batch reaches {folder.share_of_limit:.0%} of it")


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f}" if seconds < 1 else f"{1e3 * seconds:,.0f}"


def _size(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 'es'}"
