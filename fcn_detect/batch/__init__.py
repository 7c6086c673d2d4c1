"""Folders of images: planned, searched by processes that may die, resumed where cut off."""

from fcn_detect.batch.journal import Journal, JournalHeader
from fcn_detect.batch.run import BatchJob, BatchSummary, run_batch

__all__ = ["BatchJob", "BatchSummary", "Journal", "JournalHeader", "run_batch"]
