"""Timing variants against the bare SDK in rounds, so that a busy machine disturbs all of them alike."""

import gc
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

import openai

from benchmarks.variants import Variant
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one variant costs in one workload."""

    seconds: float
    """CPU of one call, all threads; the median of the rounds."""
    ratios: Sequence[float]
    """To the bare SDK in the same round, one a round."""

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile of the ratios."""
        first, _, third = quantiles(self.ratios, n=4)
        return first, third


_SLICES = 12


def measure(
    workload: Workload, variants: Sequence[Variant], client: openai.OpenAI, rounds: int
) -> Mapping[str, Figure]:
    """Time one workload.

    Args:
        workload: What is called.
        variants: The bare SDK first.
        client: Makes the calls.
        rounds: How often each variant is timed.

    Returns:
        A figure for each variant, by its name.
    """
    order = random.Random(0)  # noqa: S311  # the same orders in each run
    gc.collect()
    gc.freeze()
    taken = [_round(workload, variants, client, order) for _ in range(rounds)]
    bare = variants[0].name
    return {
        variant.name: Figure(
            seconds=median(times[variant.name] for times in taken) / (_SLICES * workload.slice),
            ratios=[times[variant.name] / times[bare] for times in taken],
        )
        for variant in variants
    }


def _round(
    workload: Workload, variants: Sequence[Variant], client: openai.OpenAI, order: random.Random
) -> Mapping[str, float]:
    """Seconds of CPU of each variant: slices in turn, in ever new order, then what is exported of them."""
    taken = {variant.name: 0.0 for variant in variants}
    for _ in range(_SLICES):
        for variant in order.sample(variants, len(variants)):
            with variant.applied():
                workload.call(client)
                taken[variant.name] += _cpu(lambda: workload.call(client), workload.slice)
    for variant in order.sample(variants, len(variants)):
        taken[variant.name] += _cpu(variant.flush, 1)
    return taken


def _cpu(call: Callable[[], object], times: int) -> float:
    """Seconds of CPU, in all threads, of some calls, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        for _ in range(times):
            call()
        return time.process_time() - started
    finally:
        gc.enable()
