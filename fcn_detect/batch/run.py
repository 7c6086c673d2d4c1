"""A folder of images, searched to the last one."""

from fcn_detect.batch.engines import open_engine
from fcn_detect.batch.job import BatchJob, BatchSummary
from fcn_detect.batch.open_run import OpenRun, rate_report
from fcn_detect.detect import Detector
from fcn_detect.formats import StoredResults
from fcn_detect.results import Progress, silent


def run_batch(
    job: BatchJob, detector: Detector, progress: Progress = silent
) -> tuple[BatchSummary, StoredResults]:
    """Searches every image of a folder, and writes the run's files.

    Images that the run's journal holds are not searched again, unless they have changed. Each
    image gets one record, whatever happens to it; records do not depend on `workers`, `engine` or
    the order in which images were done.

    Raises:
        DataError: the folder does not exist or holds no images; the journal is damaged or in
            use.
        SettingsError: the journal was begun with another model, settings, version or shard.
    """
    job.check_folder()
    with open_engine(job, detector) as engine, OpenRun(job, detector, engine, progress) as run:
        run.plan(run.kinds_tried_again)
        report = rate_report(progress, run.listed, run.waiting)
        run.search(run.journal.index.waiting(), lambda: False, run.waiting, report)
        return run.write()
