"""The boxes, scores and labels found in one image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import MissingExtraError


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects found in one image, best first; ties are ordered by box.

    Attributes:
        boxes: float32 `(n, 4)`, x0, y0, x1, y1 in source pixels.
        scores: float32 `(n,)`, probabilities in [0, 1].
        labels: list of n class names.

    Raises:
        ValueError: shapes or ranges are not as above.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        boxes = np.asarray(self.boxes, np.float32).reshape(-1, 4)
        scores = np.asarray(self.scores, np.float32)
        if not (len(boxes) == len(scores) == len(self.labels)) or scores.ndim != 1:
            raise ValueError(
                f"boxes {boxes.shape}, scores {scores.shape} and {len(self.labels)} labels "
                "must be of one length"
            )
        if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
            raise ValueError("boxes must be finite, with x0 <= x1 and y0 <= y1")
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError("scores must lie in [0, 1]")
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "labels", list(self.labels))

    @classmethod
    def empty(cls) -> "Detections":
        """No objects."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), [])

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], float, str]]:
        for box, score, label in zip(self.boxes, self.scores, self.labels, strict=True):
            yield box, float(score), label

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Detections)
            and np.array_equal(self.boxes, other.boxes)
            and np.array_equal(self.scores, other.scores)
            and self.labels == other.labels
        )

    __hash__ = None  # type: ignore[assignment]

    def above(self, threshold: float) -> "Detections":
        """Those with a score of at least `threshold`."""
        keep = np.flatnonzero(self.scores >= threshold)
        return Detections(self.boxes[keep], self.scores[keep], [self.labels[i] for i in keep])

    def to_supervision(self, labels: Sequence[str] | None = None) -> Any:
        """The same as a `supervision.Detections`, its class names in `data["class_name"]`.

        Args:
            labels: class names in the order of their ids; None: those that occur, sorted.

        Raises:
            MissingExtraError: supervision is not installed.
            ValueError: a detection has none of the labels.
        """
        try:
            import supervision
        except ImportError:
            raise MissingExtraError("supervision", "supervision") from None
        known = sorted(set(self.labels)) if labels is None else list(labels)
        return supervision.Detections(
            xyxy=self.boxes.copy(),
            confidence=self.scores.copy(),
            class_id=np.array([known.index(label) for label in self.labels], np.int64),
            data={"class_name": np.array(self.labels, dtype=str)},
        )
