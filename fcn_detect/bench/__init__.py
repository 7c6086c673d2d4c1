"""How fast it is on this machine: everything measured in turns, in one run."""

from fcn_detect.bench.plots import plot_bench
from fcn_detect.bench.report import BenchReport
from fcn_detect.bench.run import BenchJob, run_bench

__all__ = ["BenchJob", "BenchReport", "plot_bench", "run_bench"]
