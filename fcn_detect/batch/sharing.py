"""How many images of a folder are searched at once, and on how many threads each."""

import math

from fcn_detect.backends import BACKENDS, Backend
from fcn_detect.processes import available_cores

# Each holds the memory of a forward pass.
MOST_AT_ONCE = 4


def share_cores(backend: Backend) -> tuple[int, int]:
    """Threads of one network, and how many images it shall search at once.

    Passes of one thread never wait for each other, nor for the processes that read: where cores
    are busy, a pass on all of them stands still until the last of its threads has had its turn.
    """
    runtime = BACKENDS.get(backend.name)
    if runtime is None or not runtime.at_once or backend.place != "cpu":
        return backend.threads, 1
    cores = available_cores()
    threads = math.ceil(cores / MOST_AT_ONCE)
    return threads, cores // threads
