"""Jobs that hypothesis makes up: assets with checks, and ops, over partitions, that fail and try again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import dagster as dg
from hypothesis import strategies as st

from dagster_openai_otel import attribute_usage
from tests.steps.asking import ask

LETTERS = dg.StaticPartitionsDefinition(list("abcde"))
SINGLE_RUN = dg.BackfillPolicy.single_run()


class RefusalError(Exception):
    """What the steps fail with."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a step does up to one of its results."""

    calls: int
    threads: bool
    """Whether it makes the calls from threads."""
    named: bool
    """Whether it says whose calls they are."""
    checked: int | None
    """Calls for a check of the result; `None` for no check."""
    left_out: bool
    """Whether the result never comes."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step and its attempts."""

    parts: tuple[Part, ...]
    at_once: bool
    """Whether all results come at its end."""
    calls_after: int
    failures: int
    """Attempts that fail."""
    fails_after: int
    """How many parts these do."""
    retries: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A job of assets, each with its checks, or of ops."""

    steps: tuple[Step, ...]
    partitions: str
    """The last of the partitions that the run is over, from `a` on; empty for none."""

    @property
    def tags(self) -> dict[str, str]:
        start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
        return {start: "a", end: self.partitions} if self.partitions else {}

    @property
    def succeeds(self) -> bool:
        return all(step.failures <= step.retries for step in self.steps)


_parts = st.builds(
    Part,
    calls=st.integers(0, 3),
    threads=st.booleans(),
    named=st.booleans(),
    checked=st.none() | st.integers(0, 2),
    left_out=st.booleans(),
)
_steps = st.builds(
    Step,
    parts=st.lists(_parts, min_size=1, max_size=3).map(tuple),
    at_once=st.booleans(),
    calls_after=st.integers(0, 2),
    failures=st.integers(0, 2),
    fails_after=st.integers(0, 3),
    retries=st.integers(0, 2),
)
plans = st.builds(
    Plan,
    steps=st.lists(_steps, min_size=1, max_size=3).map(tuple),
    partitions=st.sampled_from(["", "", "a", "c", "e"]),
)


def assets_of(plan: Plan) -> list[Any]:
    """The assets of a plan."""
    partitions = LETTERS if plan.partitions else None
    return [_asset(f"step_{number}", step, partitions) for number, step in enumerate(plan.steps)]


def ops_of(plan: Plan) -> dg.JobDefinition:
    """The same steps as ops."""
    ops = [_op(f"step_{number}", step) for number, step in enumerate(plan.steps)]

    @dg.job
    def job():
        for op in ops:
            op()

    return job


def _asset(name: str, step: Step, partitions: dg.PartitionsDefinition[str] | None) -> Any:
    keys = [f"{name}_{number}" for number in range(len(step.parts))]
    checks = [
        dg.AssetCheckSpec("good", asset=key) for key, part in _pairs(keys, step) if part.checked is not None
    ]

    options: dict[str, Any] = {
        "name": name,
        "specs": [dg.AssetSpec(key, skippable=True, partitions_def=partitions) for key in keys],
        "check_specs": checks,
        "retry_policy": dg.RetryPolicy(max_retries=step.retries),
        "backfill_policy": SINGLE_RUN if partitions else None,
    }
    if step.at_once:

        @dg.multi_asset(**options)
        def at_once(context: dg.AssetExecutionContext):
            for _ in _parts_of(step, keys, context.retry_number):
                pass
            _ask(step.calls_after)
            return _results(keys, step)

        return at_once

    @dg.multi_asset(**options)
    def one_by_one(context: dg.AssetExecutionContext):
        made = _results(keys, step)
        for part in _parts_of(step, keys, context.retry_number):
            for _ in range((not part.left_out) + (part.checked is not None)):
                yield next(made)
        _ask(step.calls_after)

    return one_by_one


def _op(name: str, step: Step) -> dg.OpDefinition:
    keys = [f"{name}_{number}" for number in range(len(step.parts))]
    out = {key: dg.Out(is_required=False) for key in keys}

    @dg.op(name=name, out=out, retry_policy=dg.RetryPolicy(max_retries=step.retries))
    def op(context: dg.OpExecutionContext):
        done = []
        for number, part in enumerate(_parts_of(step, None, context.retry_number)):
            if not part.left_out:
                done.append(dg.Output(number, output_name=keys[number]))
            if not step.at_once:
                yield from done
                done = []
        _ask(step.calls_after)
        yield from done

    return op


def _results(keys: list[str], step: Step) -> Iterator[Any]:
    for key, part in _pairs(keys, step):
        if not part.left_out:
            yield dg.MaterializeResult(asset_key=key)
        if part.checked is not None:
            _ask(part.checked)
            yield dg.AssetCheckResult(asset_key=key, check_name="good", passed=True)


def _pairs(keys: list[str], step: Step) -> list[tuple[str, Part]]:
    return list(zip(keys, step.parts, strict=True))


def _parts_of(step: Step, keys: list[str] | None, retry_number: int) -> Iterator[Part]:
    """Each part, once its calls are made; raises where the attempt is one that fails."""
    for number, part in enumerate(step.parts):
        if retry_number < step.failures and number == step.fails_after:
            raise RefusalError
        if keys and part.named:
            with attribute_usage(keys[number]):
                _ask(part.calls, threads=part.threads)
        else:
            _ask(part.calls, threads=part.threads)
        yield part
    if retry_number < step.failures:
        raise RefusalError


def _ask(calls: int, *, threads: bool = False) -> None:
    texts = [f"Call {number}." for number in range(calls)]
    if threads and texts:
        with ThreadPoolExecutor(len(texts)) as pool:
            list(pool.map(ask, texts))
    else:
        for text in texts:
            ask(text)
