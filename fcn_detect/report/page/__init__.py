"""One page that shows a run in a browser: looking, filtering, correcting, handing on."""

from fcn_detect.report.page.job import PageJob, PageSummary
from fcn_detect.report.page.writing import write_page

__all__ = ["PageJob", "PageSummary", "write_page"]
