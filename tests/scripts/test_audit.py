"""The audit fails where a library is known to be weak, and nowhere else."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit.py"
SKIPPED = {"name": "a", "skip_reason": "not found"}
SOUND = {"name": "b", "version": "1", "vulns": []}
WEAK = {"name": "c", "version": "1", "vulns": [{"id": "CVE-1"}]}


@pytest.mark.parametrize(
    "libraries, code, says",
    [
        (None, 0, "nothing was audited"),
        ([SKIPPED], 0, "nothing was audited"),
        ([SKIPPED, SOUND], 0, "1 of 2 libraries audited by pypi, 0 are weak"),
        ([SOUND, WEAK], 1, "c 1: CVE-1"),
    ],
)
def test_only_weak_libraries_fail(libraries, code, says, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    answer = "" if libraries is None else json.dumps({"dependencies": libraries})
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=answer))
    assert audit.main() == code
    assert says in capsys.readouterr().out
