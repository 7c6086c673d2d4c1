"""The sources' own story, offline: dresses from rendered crops, found in rendered scenes."""

from fcn_detect.demo.story import DemoSummary, run_demo

__all__ = ["DemoSummary", "run_demo"]
