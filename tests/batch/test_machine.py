from dataclasses import replace

from fcn_detect.batch import machine as batch_machine
from fcn_detect.batch.machine import Machine, instruction_set, mixture


def test_the_instruction_set_names_what_runtimes_choose_by(tmp_path, monkeypatch):
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(batch_machine, "PROCESSORS", cpuinfo)
    monkeypatch.setattr(batch_machine.platform, "machine", lambda: "x86_64")
    assert instruction_set() == "x86_64"
    cpuinfo.write_text("model name\t: avx512f\nflags\t\t: fpu avx2 sse4_2 fma avx\n")
    assert instruction_set() == "x86_64 sse4_2 avx avx2 fma"


def test_a_machine_knows_what_its_network_runs_on(detector):
    found = Machine.of(detector.backend)
    assert (found.backend, found.place, found.threads) == ("fake", "cpu", 1)
    assert str(found).startswith("fake none on cpu, 1 thread, ")


def test_machines_of_two_kinds_are_a_mixture(machine):
    other = replace(machine, threads=4)
    assert mixture({}) is None
    assert mixture({machine: 3}) is None
    found = mixture({machine: 3, other: 2})
    assert "3 images by fake 1 on cpu, 1 thread" in found
    assert "2 images by fake 1 on cpu, 4 threads" in found
