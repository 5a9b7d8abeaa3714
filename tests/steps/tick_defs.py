"""Definitions as a user writes them, with a sensor and a schedule that ask."""

import dagster as dg

from dagster_openai_otel import instrument
from tests.steps.asking import ask

instrument()


@dg.asset
def poem():
    pass


@dg.sensor(target=[poem], default_status=dg.DefaultSensorStatus.RUNNING)
def watching():
    ask()
    return dg.SkipReason("nothing new")


defs = dg.Definitions([poem], sensors=[watching])
