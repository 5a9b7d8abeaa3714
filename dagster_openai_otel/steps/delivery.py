"""Usage of one step into its materializations, outputs, check results and observations."""

import gc
from collections.abc import Iterator
from contextvars import Token
from dataclasses import replace
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext, MetadataValue, OpExecutionContext
from opentelemetry.context import Context, attach, detach

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.ledger import ANY, Target
from dagster_openai_otel.scope import StepScope, find_target, with_target
from dagster_openai_otel.steps.book import Book, Share
from dagster_openai_otel.steps.metadata import Remarks, dagster_openai_metadata, link_metadata, metadata_of
from dagster_openai_otel.steps.targets import Made, asset_of, checked_by, implied_assets
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
        self._links = link_metadata(remarks) if remarks.exported else {}
        self._book = Book(scope.ledger, made)
        self._kept: frozenset[object] | None = None
        self._passed: object = None
        self._seen: set[tuple[str, str | None]] = set()
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
                token, self._passed = self._storing(event), event
                # where this raises, the end of the step takes the context back
                yield given
                detach(token)
                self._book.confirm()
        except GeneratorExit:
            raise
        except BaseException as error:
            yield from self.observations(self._failure(error))
            raise
        with guarded("the usage of a step, from its result"):
            implied = implied_assets(self._context)
            for asset in implied:
                self._add_link(asset)
            for share in self._book.shares_of_rest(implied):
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
        if type(error).__name__ == BLOCKING_CHECK_ERROR and isinstance(self._passed, dg.AssetCheckResult):
            # raised for a check that blocks, once its result has been handled
            self._book.confirm()
        with guarded("the calls that a step left open"):
            self._end_dropped()
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
            self._add_link(asset)
            for share in self._book.shares_of(asset):
                self._add_to_asset(share)
        elif isinstance(event, dg.AssetCheckResult):
            self._before_output()
            return self._with_shares(event, self._book.shares_of_check(checked_by(event, self._made)))
        elif self._is_output(event):
            self._before_output()
            return self._with_shares(event, self._book.shares_of_output())
        return event

    def _is_output(self, event: object) -> bool:
        """Whether an event is an output of an op, and one that Dagster will take."""
        if not isinstance(event, dg.Output | dg.DynamicOutput) or self._context.has_assets_def:
            return False
        mapping_key = event.mapping_key if isinstance(event, dg.DynamicOutput) else None
        output = (event.output_name, mapping_key)
        is_new = output not in self._seen
        self._seen.add(output)
        return is_new and event.output_name in self._context.op_def.output_dict

    def _storing(self, event: Any) -> Token[Context]:
        """While Dagster handles an event, calls belong to the asset that is stored then."""
        asset = None
        with guarded("which asset is being stored"):
            asset = asset_of(event, self._context)
        target = Target(asset_key=asset) if asset in self._made.assets else find_target()
        return attach(with_target(target))

    def _add_link(self, asset: str | None) -> None:
        """Have a materialization link to the trace, also without usage."""
        if self._links and asset in self._made.assets:
            key = self._made.keys[asset]
            AssetExecutionContext(self._context).add_asset_metadata(self._links, key)

    def _add_to_asset(self, share: Share) -> None:
        partition = share.target.partition_key if len(self._made.partitions) > 1 else None
        key = self._made.keys[share.target.asset_key or ""]
        AssetExecutionContext(self._context).add_asset_metadata(self._metadata(share), key, partition)
        self._book.give(share)

    def _with_shares(self, event: Any, shares: list[Share]) -> Any:
        """A result that is no asset, with its shares in its metadata."""
        if not shares:
            if self._links and isinstance(event, dg.AssetCheckResult):
                return event._replace(metadata={**event.metadata, **self._links})
            return event
        tally = sum((share.tally for share in shares), Tally())
        metadata = self._metadata(Share(target=ANY, tally=tally, split=shares[0].split))
        if isinstance(event, dg.AssetCheckResult):
            event = event._replace(metadata={**event.metadata, **metadata})
        else:
            mapping_key = getattr(event, "mapping_key", None)
            self._context.add_output_metadata(metadata, event.output_name, mapping_key)
        for share in shares:
            self._book.give(share)
        return event

    def _metadata(self, share: Share, outcome: str | None = None) -> dict[str, MetadataValue]:
        open_calls = len(self._scope.open_calls)
        remarks = replace(self._remarks, open_calls=open_calls, share=share.split, outcome=outcome)
        metadata = metadata_of(share.tally, remarks)
        if self._scope.dagster_openai_keys.is_set():
            metadata |= dagster_openai_metadata(share.tally)
        return metadata

    def _before_output(self) -> None:
        self._outcome = AFTER_THE_OUTPUT
        if self._kept is None:
            # once, as a thread can have a call open at each of many outputs
            self._end_dropped()

    def _end_dropped(self) -> None:
        """End the calls whose streams were dropped: they sit in cycles until they are collected."""
        if not self._scope.open_calls.issubset(self._kept or ()):
            gc.collect()
            self._kept = frozenset(self._scope.open_calls)

    def _failure(self, error: BaseException) -> str:
        kind = "failed" if isinstance(error, Exception) else "interrupted"
        return f"{kind} attempt {self._scope.retry_number + 1}"

    def _report(self, metadata: dict[str, MetadataValue], outcome: str) -> None:
        message = f"Usage of the OpenAI API, {outcome}"
        report_engine_event(
            self._context.instance, self._context.run, message, metadata, self._scope.step_key
        )
