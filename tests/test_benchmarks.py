import subprocess
import sys

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.slow


def test_the_benchmark_prints_a_row_for_each_kind_of_call():
    command = [sys.executable, "-m", "benchmarks", "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # ours

    head, _, *rows = run.stdout.splitlines()
    assert "| bare SDK | ours | ours, exporting | Traceloop, exporting |" in head
    assert [row.split("|")[1].strip() for row in rows] == [
        "chat",
        "stream of 100 chunks",
        "Responses",
        "100 embeddings of 1,536 floats",
    ]
    assert run.returncode == 0, run.stderr
