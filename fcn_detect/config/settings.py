"""Every setting, its unit, its range and its default: the tables of a settings file."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from fcn_detect.results import LARGEST_CROP

MOST = 1_000_000_000  # of whatever is counted


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _parse_size(value: object) -> object:
    """'64x128', written width×height, as (height, width)."""
    if isinstance(value, str):
        width, times, height = value.lower().partition("x")
        if times and width.isdigit() and height.isdigit():
            return int(height), int(width)
        raise ValueError(f"'{value}' is not a size such as 64x128 (width x height)")
    return value


_Side = Annotated[int, Field(ge=1, le=LARGEST_CROP)]
SizeHW = Annotated[
    tuple[_Side, _Side],
    BeforeValidator(_parse_size),
    PlainSerializer(lambda hw: f"{hw[1]}x{hw[0]}", return_type=str),
]
Share = Annotated[float, Field(ge=0, le=1)]


class ModelSettings(_Table):
    """`[model]`: what is trained.

    Attributes:
        net: a name of the zoo.
        crop: size that all crops are brought to, written width x height; held as
            (height, width).
        window: size of the part of a crop that the net sees, likewise; None: the whole crop.
            Smaller windows are cut at random places and sizes inside the crops, and the net
            learns where the object sits in its window.
        object_box: x0, y0, x1, y1 of the object in a crop, in pixels; None: the whole crop.
        background: name of the class folder that holds what is not an object; None: the first
            found of background, negative, neg, other.
    """

    net: str = "valid-medium"
    crop: SizeHW = (128, 64)
    window: SizeHW | None = None
    object_box: tuple[float, float, float, float] | None = None
    background: str | None = None

    @property
    def window_hw(self) -> tuple[int, int]:
        """Height and width of what the net sees at once."""
        return self.window or self.crop

    @property
    def cuts_inside(self) -> bool:
        """Whether windows are smaller than the crops, and so can be cut inside them."""
        return self.window_hw != self.crop

    @property
    def margins_hw(self) -> tuple[int, int]:
        """Crop pixels above and left of the middle window."""
        return (self.crop[0] - self.window_hw[0]) // 2, (self.crop[1] - self.window_hw[1]) // 2

    @model_validator(mode="after")
    def _window_lies_in_the_crop(self) -> "ModelSettings":
        if any(a > b for a, b in zip(self.window_hw, self.crop, strict=True)):
            raise ValueError("the window is larger than the crop")
        return self

    @model_validator(mode="after")
    def _object_lies_in_the_crop(self) -> "ModelSettings":
        height, width = self.crop
        x0, y0, x1, y1 = self.object_box or (0, 0, width, height)
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise ValueError(f"the object box does not lie in a crop of {width}x{height}")
        return self


class AugmentSettings(_Table):
    """`[augment]`: how crops are varied while training; all classes alike.

    Attributes:
        flip: share of crops mirrored left to right.
        shift: largest shift, in pixels of the crop.
        scale: largest change of size, as a logarithm: 0.1 is about a tenth.
        rotation: largest turn, in degrees.
        colour: strength of brightness, contrast and saturation changes.
        tint: largest change of each colour channel on its own, as a share.
        grey: share of crops turned grey.
        frame_edge: share of windows that reach over the frame's edge, where its last pixels are
            repeated, by up to the margin around the object box.
        occlusion: share of windows with a piece of a background in front, at one side.
        coarse: share of crops made smaller, down to 0.4, and large again.
        parts: share of crops, of all classes, from which a window too small for the object is
            cut; such a part counts as background.
        blur: share of crops blurred, by a Gaussian of up to 1.5 px.
        noise: share of crops with noise added, of up to 12 grey levels.
    """

    flip: Share = 0.5
    shift: float = Field(default=4, ge=0)
    scale: float = Field(default=0.08, ge=0, lt=1)
    rotation: float = Field(default=3, ge=0, le=180)
    colour: Share = 0.3
    tint: Share = 0.0
    grey: Share = 0.1
    frame_edge: Share = 0.0
    occlusion: Share = 0.0
    coarse: Share = 0.0
    parts: Share = 0.0
    blur: Share = 0.3
    noise: Share = 0.3


class TrainSettings(_Table):
    """`[train]`: how it is trained.

    Attributes:
        epochs: passes over the crops.
        batch_size: crops a step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW.
        label_smoothing: probability mass moved off the true class of objects.
        background_smoothing: likewise of backgrounds. Nearly every window of a frame is one: with
            0.02 they score 0.016, and a third of all windows may be above the `keep` of 0.01.
        teacher: a model of the same classes, by file or shipped name, whose probabilities of each
            augmented window are learned beside the crops' classes; windows are enlarged to its
            own. None: the crops alone.
        teacher_weight: of the loss against the teacher, beside that against the classes.
        offset_weight: of the loss of the box offsets, beside that of the classes; 0: none.
        object_share: share of each epoch's crops that show an object, all classes together.
        average_decay: of the moving average of the weights, per step; 0 switches it off.
        precision: what the net computes in, its weights staying in float32. bfloat16 is faster on
            processors with tiles for it (AMX); what it costs in objects found is not known
            (docs/recipe.md). `auto`: bfloat16 on GPUs, float32 elsewhere.
        seed: of everything random.
        group_by: regular expression; crops whose names agree in it (in its first group, if it
            has one) are never split between training and validation.
    """

    epochs: int = Field(default=20, ge=1, le=MOST)
    batch_size: int = Field(default=128, ge=2, le=MOST)
    learning_rate: float = Field(default=4e-3, gt=0)
    weight_decay: float = Field(default=0.02, ge=0)
    label_smoothing: Share = 0.02
    background_smoothing: Share = 0.0
    teacher: str | None = None
    teacher_weight: float = Field(default=1.0, ge=0)
    offset_weight: float = Field(default=2.0, ge=0)
    object_share: float = Field(default=0.35, gt=0, lt=1)
    average_decay: float = Field(default=0.995, ge=0, lt=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(default=0, ge=0, lt=2**63)
    group_by: str | None = None


class MiningSettings(_Table):
    """`[mining]`: photos without the object, and what is learned from them.

    Attributes:
        negatives: folder of such photos; None: no mining.
        validation: folder of more such photos, to count false alarms on; None: `held_back` of
            `negatives` are kept apart for it.
        windows_per_photo: random windows cut from each photo before training.
        rounds: most times that the net is run over the photos and trained on with its false
            alarms; it ends after a round that made false alarms in the photos held back no
            rarer.
        epochs: passes over the crops after each round.
        per_photo: false alarms kept of one photo in one round, best first.
        min_height: smallest object looked for while mining; None: the object's own height.
        threshold: smallest score of a false alarm that is kept.
        held_back: share of the photos kept apart, to count false alarms on; without `validation`.
        validation_share: share of `validation` that is used; the rest stays unseen, for tests.
    """

    negatives: str | None = None
    validation: str | None = None
    windows_per_photo: int = Field(default=10, ge=0, le=MOST)
    rounds: int = Field(default=1, ge=0, le=MOST)
    epochs: int = Field(default=10, ge=1, le=MOST)
    per_photo: int = Field(default=20, ge=1, le=MOST)
    min_height: float | None = Field(default=None, gt=0)
    threshold: Share = 0.2
    held_back: float = Field(default=0.1, ge=0, lt=1)
    validation_share: float = Field(default=1.0, gt=0, le=1)


class DetectSettings(_Table):
    """`[detect]`: how images are searched. Lengths are source pixels.

    Attributes:
        min_height: smallest object looked for; None: the object's own height in a crop.
        max_height: largest object looked for; None: the frame's height.
        max_enlargement: largest scale ever used.
        step: largest ratio between neighbouring scales of the pyramid.
        stride: pixels between windows; None: the net's own.
        mirrored: whether each window's mirror image is scored, too, and the mean counts: more is
            found, in twice the time.
        border: width of the border around the frame, in units of the window's margin.
        keep: smallest score that results keep.
        threshold: smallest score that pictures and tables show; None: the model's own.
        false_alarms: expected in one image, in place of a threshold: the score follows from the
            number of windows in the image.
        max_detections: most detections kept of one image.
        nms_overlap: overlap above which the weaker of two boxes is dropped.
        nms_measure: intersection over `union`, or over the `smaller` box.
        nms_across_classes: whether boxes of different classes drop each other.
        box_voting: overlap, by intersection over union, from which the boxes around one that
            stays have a vote on where it lies; None: no voting.
        allow_truncated: whether files that end early are searched as far as they go.
        threads: that the network runs on, on a processor; the last bits of the scores depend on
            it. None: as many as the runtime takes by itself, most often one a core.
        precision: what the network computes in; bfloat16 is faster on GPUs, PyTorch alone has it,
            and logits keep about three digits.
        images_per_pass: images of one size that the network takes at once; a GPU may want several
            small ones. A pass is filled up with black images where some are missing.
        reduced_reading: whether a JPEG is decoded at half its size, a quarter or an eighth, where
            no level of the pyramid is larger.
        stream_pixels: width times height above which an image is read in parts, and a level is
            searched in tiles; at most 178,956,970, which is the most that is read whole.
        max_pixels: width times height above which nothing is decoded.
        max_file_bytes: size of a file above which it is not read whole.
        max_expansion: bytes of pixels for each byte of a file, above which an image that is read
            in parts is taken for a decompression bomb. Deflate, as PNG and TIFF use it, ends at
            1,032 of one sample; more than 2,000 is what a bomb of one-bit pixels looks like.
        frame_stride: every how many frames of a clip one is searched, from the first on.
    """

    min_height: float | None = Field(default=None, gt=0)
    max_height: float | None = Field(default=None, gt=0)
    max_enlargement: float = Field(default=4.0, gt=0, le=100)
    step: float = Field(default=1.15, ge=1.01, le=100)
    stride: int | None = Field(default=None, ge=1, le=LARGEST_CROP)
    mirrored: bool = False
    border: float = Field(default=1.0, ge=0, le=4)
    keep: Share = 0.01
    threshold: Share | None = None
    false_alarms: float | None = Field(default=None, gt=0)
    max_detections: int = Field(default=1000, ge=1, le=MOST)
    nms_overlap: float = Field(default=0.6, gt=0, le=1)
    nms_measure: Literal["union", "smaller"] = "smaller"
    nms_across_classes: bool = False
    box_voting: float | None = Field(default=None, gt=0, le=1)
    allow_truncated: bool = False
    threads: int | None = Field(default=None, ge=1, le=10_000)
    precision: Literal["float32", "bfloat16"] = "float32"
    images_per_pass: int = Field(default=1, ge=1, le=256)
    reduced_reading: bool = True
    stream_pixels: int = Field(default=50_000_000, ge=1, le=178_956_970)
    max_pixels: int = Field(default=4_000_000_000, ge=1, lt=2**63)
    max_file_bytes: int = Field(default=2_000_000_000, ge=1, lt=2**63)
    max_expansion: float = Field(default=2000.0, gt=0)
    frame_stride: int = Field(default=1, ge=1, le=MOST)

    @model_validator(mode="after")
    def _one_way_to_choose_what_is_shown(self) -> "DetectSettings":
        if self.threshold is not None and self.false_alarms is not None:
            raise ValueError("give a threshold or a number of false alarms, not both")
        return self


class Settings(_Table):
    """A whole settings file."""

    model: ModelSettings = ModelSettings()
    augment: AugmentSettings = AugmentSettings()
    train: TrainSettings = TrainSettings()
    mining: MiningSettings = MiningSettings()
    detect: DetectSettings = DetectSettings()
