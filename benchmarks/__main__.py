"""`python -m benchmarks`: time the library against the bare SDK, and print a table in Markdown.

python -m benchmarks [ROUNDS]
"""

import sys
from collections.abc import Iterable, Mapping

from benchmarks.measure import Figure, measure
from benchmarks.sink import sink
from benchmarks.stub import client
from benchmarks.variants import variants
from benchmarks.workloads import WORKLOADS
from dagster_openai_otel.scope import StepScope, entered

_ROUNDS = 25


def main() -> None:
    """Measure all workloads, and print as they come."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    step = StepScope(
        run_id="0b9c6f0e-5c3f-4f4b-9d5c-0d6a5e0f7a11",
        step_key="summaries",
        attributes={
            "dagster.run_id": "0b9c6f0e-5c3f-4f4b-9d5c-0d6a5e0f7a11",
            "dagster.job_name": "nightly",
            "dagster.step_key": "summaries",
            "dagster.op_name": "summaries",
            "dagster.retry_number": 0,
            "dagster.asset_key": "summaries",
            "dagster.asset_keys": ("summaries",),
            "dagster.partition_key": "2026-11-16",
        },
    )
    with sink() as endpoint, client() as asking, entered(step):
        tried = variants(endpoint)
        _print(["", *(variant.name for variant in tried)])
        _print(["---", *("---:" for _ in tried)])
        for workload in WORKLOADS:
            figures = measure(workload, tried, asking, rounds)
            _print([workload.name, *_cells(figures)])


def _cells(figures: Mapping[str, Figure]) -> Iterable[str]:
    bare, *others = figures.values()
    yield f"{bare.seconds * 1000:.2f} ms"
    for figure in others:
        first, third = figure.quartiles
        yield f"{figure.ratio:.2f} ({first:.2f} to {third:.2f})"


def _print(cells: Iterable[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
