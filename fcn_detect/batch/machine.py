"""What the last bits of scores depend on, beside the model and the settings."""

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fcn_detect.backends import BACKENDS, Backend

PROCESSORS = Path("/proc/cpuinfo")
# Those that choose between the kernels of the runtimes.
TELLING_FLAGS = ["sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16"]
TELLING_FLAGS += ["amx_tile", "asimd", "sve", "i8mm"]


@dataclass(frozen=True, order=True)
class Machine:
    """What a network runs on.

    Attributes:
        backend: a key of `fcn_detect.backends.BACKENDS`.
        backend_version: of its library.
        place: the device, without its number.
        threads: of one network.
        instruction_set: of the processor, as far as runtimes choose their code by it.
    """

    backend: str
    backend_version: str
    place: str
    threads: int
    instruction_set: str

    @classmethod
    def of(cls, backend: Backend) -> "Machine":
        """This machine, with a network opened on it."""
        runtime = BACKENDS.get(backend.name)
        try:
            library = version(runtime.library) if runtime is not None else "none"
        except PackageNotFoundError:
            library = "unknown"
        return cls(backend.name, library, backend.place, backend.threads, instruction_set())

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' * (self.threads != 1)}"
        return f"{self.backend} {self.backend_version} on {self.place}, {threads}, " + (
            self.instruction_set
        )


def instruction_set() -> str:
    """The architecture, and the processor's extensions where the system tells them."""
    try:
        lines = PROCESSORS.read_text().splitlines()
    except OSError:
        return platform.machine()
    words = next((set(line.split()) for line in lines if line[:5] in ("flags", "Featu")), set())
    return " ".join([platform.machine(), *(flag for flag in TELLING_FLAGS if flag in words)])


def mixture(machines: dict[Machine, int]) -> str | None:
    """The warning that records were made on different machines, with their counts; None if not."""
    if len(machines) < 2:
        return None
    parts = "; ".join(f"{count} images by {machine}" for machine, count in sorted(machines.items()))
    return f"a mixture of machines, whose scores may differ in their last digits: {parts}"
