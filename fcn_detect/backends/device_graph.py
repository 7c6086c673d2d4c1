"""All kernels of a pass as one CUDA graph, which the processor starts at once."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Step = Callable[[Tensor], list[Tensor]]


class GraphStep:
    """A step captured for frames of one shape; equal to the step itself.

    Raises:
        RuntimeError: something in the step cannot be captured.
    """

    def __init__(self, step: Step, frames: Tensor, pool: Any) -> None:
        self._frames = frames.clone()
        step(self._frames)  # in this thread, cuDNN chooses its algorithms now
        self._graph = torch.cuda.CUDAGraph()
        # other threads may wait for copies meanwhile
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._maps = step(self._frames)

    def __call__(self, frames: Tensor) -> list[Tensor]:
        """The step's maps, in memory that the next call does not write to."""
        self._frames.copy_(frames)
        self._graph.replay()
        return [one.clone() for one in self._maps]


class GraphCapture:
    """Captures steps; their graphs share the memory that they compute in, as they take turns."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, step: Step, frames: Tensor) -> Step:
        """The step as a graph, for frames like these."""
        return GraphStep(step, frames, self._pool)
