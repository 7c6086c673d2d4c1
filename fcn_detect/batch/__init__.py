"""Folders of images: planned, searched by processes that may die, resumed where cut off."""

from fcn_detect.batch.comparing import compare_with_run, run_settings
from fcn_detect.batch.engines import ENGINES, Engine
from fcn_detect.batch.facts import read_facts, told_settings
from fcn_detect.batch.header import JournalHeader, model_digest
from fcn_detect.batch.job import BatchJob, BatchSummary, RayCluster
from fcn_detect.batch.journal import Journal
from fcn_detect.batch.live import StreamCounts, watch_stream
from fcn_detect.batch.merging import merge_runs
from fcn_detect.batch.outputs import RUN_NAME
from fcn_detect.batch.run import run_batch
from fcn_detect.batch.shards import Shard
from fcn_detect.batch.sharing import share_cores
from fcn_detect.batch.watching import Watch, watch_folder

__all__ = [
    "ENGINES",
    "RUN_NAME",
    "BatchJob",
    "BatchSummary",
    "Engine",
    "Journal",
    "JournalHeader",
    "RayCluster",
    "Shard",
    "StreamCounts",
    "Watch",
    "compare_with_run",
    "merge_runs",
    "model_digest",
    "read_facts",
    "run_batch",
    "run_settings",
    "share_cores",
    "told_settings",
    "watch_folder",
    "watch_stream",
]
