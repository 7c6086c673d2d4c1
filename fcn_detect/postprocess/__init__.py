"""From score maps to boxes."""

from fcn_detect.postprocess.decode import (
    Candidates,
    Selection,
    decode,
    select,
    to_detections,
)
from fcn_detect.postprocess.false_alarms import (
    FalseAlarmTable,
    count_interval,
    false_alarm_table,
    false_alarms_above,
    score_for_false_alarms,
)
from fcn_detect.postprocess.nms import suppress
from fcn_detect.postprocess.pool import CandidatePool
from fcn_detect.postprocess.probabilities import probabilities

__all__ = [
    "CandidatePool",
    "Candidates",
    "FalseAlarmTable",
    "Selection",
    "count_interval",
    "decode",
    "false_alarm_table",
    "false_alarms_above",
    "probabilities",
    "score_for_false_alarms",
    "select",
    "suppress",
    "to_detections",
]
