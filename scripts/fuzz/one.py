"""Fuzzes one parser, guided by the branches that inputs reach; libFuzzer's options go behind.

    python scripts/fuzz/one.py TARGET FINDINGS SECONDS CORPUS

Whatever a target lets out is kept in FINDINGS, one file for each place that it came from, and the
fuzzer goes on, for so many seconds of processor time; inputs that took more than `SLOW_S` are kept,
too. A hang, or memory above the limit, ends it, as libFuzzer does. `scripts/fuzz/run.py` takes the
parsers in turn.
"""

import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(
    include=["fcn_detect", "tomllib", "xml"], enable_loader_override=False
):
    from fuzz.mutation import mutate_json
    from fuzz.targets import TARGETS

from fcn_detect.errors import FcnDetectError  # noqa: E402 (behind what is instrumented)

SLOW_S = 2.0


def main() -> None:
    name, findings, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    target = TARGETS[name]

    def test_one(data: bytes) -> None:
        before = time.process_time()
        try:
            target(data)
        except FcnDetectError:
            pass
        except Exception as error:
            _keep(findings, data, error)
        if time.process_time() - before > SLOW_S:
            _keep(findings, data, TimeoutError("slow"))
        if before > seconds:
            os.kill(os.getpid(), signal.SIGUSR1)  # libFuzzer ends with its figures

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        changed = mutate_json(data, rng) if rng.random() < 0.5 else None
        return atheris.Mutate(data, max_size) if changed is None else changed[:max_size]

    options = [sys.argv[0], *sys.argv[4:]]
    atheris.Setup(options, test_one, custom_mutator=mutate)
    atheris.Fuzz()


def _keep(folder: Path, data: bytes, error: Exception) -> None:
    """Writes the shortest input for each place that an error came from, and the error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if str(ROOT) in frame.filename][-1:]
    place = "-".join(f"{Path(frame.filename).stem}-{frame.name}-{frame.lineno}" for frame in own)
    path = folder / f"{type(error).__name__}-{place}"
    if path.exists() and path.stat().st_size <= len(data):
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    text = "".join(traceback.format_exception(error))
    path.with_suffix(".txt").write_text(text, errors="backslashreplace")


if __name__ == "__main__":
    main()
