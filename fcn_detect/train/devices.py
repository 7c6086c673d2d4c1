"""Who trains: this process alone, some that it starts, or those that torchrun has started."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import distributed as dist

from fcn_detect.errors import ProcessError, SettingsError, first_line
from fcn_detect.processes import START_S, ChildProcess, available_cores
from fcn_detect.train.group import Group, join

HERE = "127.0.0.1"


def is_first_process() -> bool:
    """Whether this process is the one that says, saves and draws."""
    return not _under_torchrun() or os.environ["RANK"] == "0"


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ  # RANK alone may be another program's


@contextmanager
def opened_group(devices: int, follow: Callable[..., object], *arguments: Any) -> Iterator[Group]:
    """The processes of a training; those that were started here end with it.

    Args:
        devices: processes on this machine, this one among them; 1 where torchrun has started them.
        follow: what the others run, `follow(group, *arguments)`.
        arguments: of it.

    Raises:
        SettingsError: there are fewer GPUs than that.
        ProcessError: one of the processes started here died, or did not start.
    """
    if _under_torchrun():
        if devices > 1:
            raise SettingsError("--devices: torchrun starts the processes (--nproc-per-node)")
        rank, size, local, here = (
            int(os.environ[name])
            for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        )
        with _sharing_cores(here), _joined(rank, size, local) as group:
            yield group
    elif devices == 1:
        yield Group()
    else:
        with _started(devices, follow, arguments) as group:
            yield group


@contextmanager
def _started(
    devices: int, follow: Callable[..., object], arguments: tuple[Any, ...]
) -> Iterator[Group]:
    gpus = torch.cuda.device_count()
    if torch.cuda.is_available() and devices > gpus:
        raise SettingsError(f"--devices: there are {gpus} GPUs, and every process wants its own")
    with ExitStack() as stack:
        store = dist.TCPStore(HERE, 0, is_master=True, wait_for_workers=False)  # type: ignore[attr-defined]
        others = [
            stack.enter_context(
                ChildProcess(_run_follower, rank, devices, store.port, follow, arguments)
            )
            for rank in range(1, devices)
        ]
        for rank, process in enumerate(others, 1):
            _wait_for(process, rank, devices)
        stack.enter_context(_sharing_cores(devices))
        group = stack.enter_context(_joined(0, devices, 0, store))
        try:
            yield group
        except RuntimeError:  # a process can no longer be reached
            _tell_of_dead(others)
            raise


def _wait_for(process: ChildProcess, rank: int, size: int) -> None:
    try:
        if process.connection.poll(START_S):
            process.connection.recv()
            return
    except EOFError:
        pass
    raise ProcessError(f"process {rank} of {size} did not start (exit code {process.exit_code})")


def _tell_of_dead(others: Sequence[ChildProcess]) -> None:
    for rank, process in enumerate(others, 1):
        code = process.exit_code
        if code is not None:
            raise ProcessError(
                f"process {rank} of {len(others) + 1} died (exit code {code}); the same command "
                "with --resume goes on from the last epoch"
            ) from None


def _run_follower(
    connection: Connection,
    rank: int,
    size: int,
    port: int,
    follow: Callable[..., object],
    arguments: tuple[Any, ...],
) -> None:
    """What a process does that was started for a training."""
    connection.send("here")
    try:
        store = dist.TCPStore(HERE, port, is_master=False)  # type: ignore[attr-defined]
        with _sharing_cores(size), _joined(rank, size, rank, store) as group:
            follow(group, *arguments)
    except Exception as error:
        sys.exit(f"process {rank} of {size}: {type(error).__name__}: {first_line(error)}")


@contextmanager
def _joined(rank: int, size: int, local: int, store: Any = None) -> Iterator[Group]:
    group = join(rank, size, local, store)
    try:
        yield group
    finally:
        dist.destroy_process_group()


@contextmanager
def _sharing_cores(processes: int) -> Iterator[None]:
    """Has torch use a part of the machine's cores, unless somebody has said a number."""
    before = torch.get_num_threads()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, available_cores() // processes))
    try:
        yield
    finally:
        torch.set_num_threads(before)
