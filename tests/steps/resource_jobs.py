"""Definitions as a user writes them, with resources that ask when they are set up."""

import dagster as dg

from dagster_openai_otel import instrument
from tests.steps.asking import ask

instrument()


class Poems(dg.ConfigurableResource):  # type: ignore[type-arg]  # has no value of its own
    """Asks when it is set up and when it is torn down."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        ask("Set up.")

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        ask("Tear down.")


class Broken(Poems):
    """Fails when it is set up, after it has asked."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        super().setup_for_execution(context)
        message = "no poems"
        raise RuntimeError(message)


@dg.asset(required_resource_keys={"poems"})
def recited():
    ask()


def good() -> dg.JobDefinition:
    """In a process of its own."""
    return _job("good", Poems())


def broken() -> dg.JobDefinition:
    """The same, with a resource that fails."""
    return _job("broken", Broken())


def _job(name: str, poems: Poems) -> dg.JobDefinition:
    executor = dg.multiprocess_executor.configured({"max_concurrent": 1})
    job = dg.define_asset_job(name, [recited], executor_def=executor)
    definitions = dg.Definitions([recited], jobs=[job], resources={"poems": poems})
    return definitions.get_repository_def().get_job(name)
