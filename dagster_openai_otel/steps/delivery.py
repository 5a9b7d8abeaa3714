"""Usage of one step into its materializations, outputs, check results and observations."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext, MetadataValue, OpExecutionContext

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.ledger import ANY
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.book import Book, Share
from dagster_openai_otel.steps.metadata import Remarks, dagster_openai_metadata, metadata_of
from dagster_openai_otel.steps.targets import Made, asset_of, implied_assets
from dagster_openai_otel.steps.upstream import BLOCKING_CHECK_ERROR, report_engine_event
from dagster_openai_otel.tally import Tally

AFTER_THE_OUTPUT = "after the output"
AFTER_THE_STEP = "after the step"


class Delivery:
    """Delivers what a step used, in the step's own thread.

    Args:
        context: The step's context.
        scope: The step's identity and ledger.
        made: What the step makes.
        remarks: What is said beside the numbers of each delivery.
    """

    def __init__(self, context: OpExecutionContext, scope: StepScope, made: Made, remarks: Remarks) -> None:
        self._context = context
        self._scope = scope
        self._made = made
        self._remarks = remarks
        self._book = Book(scope.ledger, made)
        self._collected = False
        self._outcome = f"op {context.op.name}"

    def results(self, events: Iterator[Any]) -> Iterator[Any]:
        """Pass on the results of a step's code, each with its usage.

        When the code fails, its usage comes as observations before the error goes on.
        """
        try:
            for event in events:
                given = event
                with guarded("the usage of a step, from its result"):
                    given = self._with_usage(event)
                yield given
                self._book.confirm()
        except GeneratorExit:
            raise
        except BaseException as error:
            yield from self.observations(self._failure(error))
            raise
        with guarded("the usage of a step, from its result"):
            for share in self._book.shares_of_rest(implied_assets(self._context)):
                self._add_to_asset(share)
            self._book.confirm()
        yield from self.observations(self._outcome)

    def observations(self, outcome: str) -> list[dg.AssetObservation]:
        """What has not been shown, as observations; of an op, as an event on the run's timeline."""
        with guarded("the usage of a step, from an observation"):
            observed = []
            for share in self._book.leftovers():
                metadata = self._metadata(share, outcome)
                if share.target.asset_key is None:
                    self._report(metadata, outcome)
                else:
                    key = self._made.keys[share.target.asset_key]
                    partition = share.target.partition_key
                    observed.append(dg.AssetObservation(key, metadata=metadata, partition=partition))
            return observed
        return []

    def close(self, error: BaseException | None) -> None:
        """The step is over: log what is left at once, also while the step is failing."""
        if type(error).__name__ == BLOCKING_CHECK_ERROR and not self._made.assets:
            # raised for a check that blocks, once its result has been handled
            self._book.confirm()
        self._scope.ended.set()
        self._log(self._failure(error) if error else self._outcome)

    def deliver_late(self) -> None:
        """Log what was booked after the step was over."""
        self._log(AFTER_THE_STEP)

    def _log(self, outcome: str) -> None:
        for observation in self.observations(outcome):
            with guarded("the usage of a step, from an observation"):
                self._context.log_event(observation)

    def _with_usage(self, event: Any) -> Any:
        """An event of the step's code, after the usage until here has been added to what it makes."""
        asset = asset_of(event, self._context)
        if asset in self._made.assets:
            self._before_output()
            for share in self._book.shares_of(asset):
                self._add_to_asset(share)
        elif self._is_result(event):
            self._before_output()
            shares = self._book.shares()
            if shares:
                event = self._with_metadata(event, sum((share.tally for share in shares), Tally()))
            for share in shares:
                self._book.give(share)
        return event

    def _is_result(self, event: object) -> bool:
        """Whether an event is a result that is no asset: of a check without an asset, or of an op."""
        if isinstance(event, dg.AssetCheckResult):
            return not self._made.assets
        return isinstance(event, dg.Output | dg.DynamicOutput) and not self._context.has_assets_def

    def _add_to_asset(self, share: Share) -> None:
        partition = share.target.partition_key if len(self._made.partitions) > 1 else None
        key = self._made.keys[share.target.asset_key or ""]
        AssetExecutionContext(self._context).add_asset_metadata(self._metadata(share), key, partition)
        self._book.give(share)

    def _with_metadata(self, event: Any, tally: Tally) -> Any:
        metadata = self._metadata(Share(target=ANY, tally=tally))
        if isinstance(event, dg.AssetCheckResult):
            return event._replace(metadata={**event.metadata, **metadata})
        mapping_key = getattr(event, "mapping_key", None)
        self._context.add_output_metadata(metadata, event.output_name, mapping_key)
        return event

    def _metadata(self, share: Share, outcome: str | None = None) -> dict[str, MetadataValue]:
        open_calls = len(self._scope.open_calls)
        remarks = replace(self._remarks, open_calls=open_calls, share=share.split, outcome=outcome)
        metadata = metadata_of(share.tally, remarks)
        if self._scope.dagster_openai_keys.is_set():
            metadata |= dagster_openai_metadata(share.tally)
        return metadata

    def _before_output(self) -> None:
        """End the calls whose streams were dropped: they sit in cycles until they are collected."""
        self._outcome = AFTER_THE_OUTPUT
        if self._scope.open_calls and not self._collected:
            self._collected = True
            gc.collect()

    def _failure(self, error: BaseException) -> str:
        kind = "failed" if isinstance(error, Exception) else "interrupted"
        return f"{kind} attempt {self._scope.retry_number + 1}"

    def _report(self, metadata: dict[str, MetadataValue], outcome: str) -> None:
        message = f"Usage of the OpenAI API, {outcome}"
        report_engine_event(
            self._context.instance, self._context.run, message, metadata, self._scope.step_key
        )
