"""The bench of a GPU runs to its end on a processor, all but what a GPU alone can do."""

import importlib
import json
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "bench"
TINY = "--device cpu --size 160x140 --cases person,bfloat16,2 --repeats 1 --images 3 --side 64"


@pytest.mark.slow
def test_the_bench_of_a_gpu_runs_on_a_processor(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(BENCH)
    written = tmp_path / "gpu.json"
    arguments = ["gpu.py", *TINY.split(), "--crops", "40", "-o", str(written)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("gpu").main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ended.value.code == 0, found
    assert found == json.loads(written.read_text())
    assert list(found["parts"]) == [
        "matrix product, float32",
        "matrix product, bfloat16",
        "what must be equal",
        "frames: person,bfloat16,2",
        "folder: person,bfloat16,2",
        "training",
    ]
    equal = found["parts"]["what must be equal"]
    assert equal["canvas bytes unlike the processor's"] == 0
    assert equal["graph, from no graph"] == 0
    assert 0 < equal["bfloat16, from float32"] < 0.05 * equal["largest value"]
    assert found["parts"]["frames: person,bfloat16,2"]["GFLOP a frame"] > 0
    folder = found["parts"]["folder: person,bfloat16,2"]
    assert folder["limit"] in ("reading alone", "network alone", "boxes alone")
    assert found["parts"]["training"]["crops/s"] > 0
