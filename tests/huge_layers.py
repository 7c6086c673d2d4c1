"""What tests put in the place of `store_image`, for another process to import."""

import os
import time

from fcn_detect.images import HalfStore


def no_row(*_arguments, folder):
    (folder / "00.rgb").write_bytes(b"begun")
    time.sleep(600)


def dies(*_arguments, folder):
    (folder / "00.rgb").write_bytes(b"begun")
    os._exit(7)


def slow(_path, _header, _rules, progress, folder):
    store = HalfStore((1, 1), folder)
    for i in range(5):
        time.sleep(0.8)
        progress("reading", i + 1, 5, "megapixels")
    store.notes = ["slow"]
    return store
