"""What figures were measured on, and the most that it could give."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fcn_detect.bench.turns import Times, Work
from fcn_detect.processes import available_cores

LIBRARIES = ("torch", "openvino", "onnxruntime", "numpy", "opencv-python", "pillow")
# Side of the matrices whose product tells the machine's peak: large enough for any core.
PRODUCT_SIDE = 1536


@dataclass(frozen=True)
class Machine:
    """A machine and what is installed on it.

    Attributes:
        processor: its name.
        cores: that this process may use.
        memory_gb: of the machine, in 10^9 bytes; None where the system does not say.
        load: processes that wanted a core during the last minute, when measuring began; None
            where the system does not say.
        system: kernel and Python.
        libraries: name to version, of those installed.
    """

    processor: str
    cores: int
    memory_gb: float | None
    load: float | None
    system: str
    libraries: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Peak:
    """The fastest matrix product, float32, on the processor.

    Attributes:
        gflops: 10^9 multiplications and additions a second.
        library: that was the fastest.
    """

    gflops: float
    library: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def this_machine() -> Machine:
    """The machine that runs this."""
    return Machine(
        processor=_processor(),
        cores=available_cores(),
        memory_gb=_memory_gb(),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        libraries={name: found for name in LIBRARIES if (found := _version(name))},
    )


def product_works() -> dict[str, Work]:
    """Matrix products by library, to be timed."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((PRODUCT_SIDE, PRODUCT_SIDE), np.float32) for _ in range(2))
    works: dict[str, Work] = {"product numpy": lambda: left @ right}
    if find_spec("torch") is not None:
        from fcn_detect.nets.arithmetic import matrix_product

        works["product torch"] = matrix_product(PRODUCT_SIDE)
    return works


def peak(times: Times, works: Mapping[str, Work]) -> Peak:
    """The peak, from the times of `product_works`."""
    fastest = min(works, key=times.__getitem__)
    return Peak(2 * PRODUCT_SIDE**3 / times[fastest] / 1e9, fastest.removeprefix("product "))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
