"""Delivery where Dagster is not wrapped: in unit tests that invoke an asset, and in versions not known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

import dagster as dg
from dagster import AssetExecutionContext, OpExecutionContext

from dagster_openai_otel.faults import guarded
from dagster_openai_otel.ledger import Target
from dagster_openai_otel.scope import StepScope
from dagster_openai_otel.steps.book import Book, Share
from dagster_openai_otel.steps.metadata import Remarks, dagster_openai_metadata, metadata_of
from dagster_openai_otel.steps.targets import Made, made_by


class _Account:
    """What one context was told so far: its metadata is written anew each time, with the sums."""

    def __init__(self, context: OpExecutionContext) -> None:
        made = Made()
        with guarded("which asset usage belongs to"):
            made = made_by(context)
        self.scope = StepScope(
            run_id=context.run_id,
            step_key=context.op_def.name,
            asset_keys=made.assets,
            partition_keys=made.partitions,
        )
        self._made = replace(made, one_by_one=False)
        self._told: dict[Target, Share] = {}

    def deliver(self, context: OpExecutionContext, prices: str) -> None:
        """Add what was used to the metadata of what the context makes."""
        if _is_direct_invocation(context):
            # a direct context takes metadata once, which is the user's to give
            self.observe(context, prices, "direct invocation")
            return
        if self._made.checks and not self._made.assets:
            self.observe(context, prices, "check")
            return
        for share in Book(self.scope.ledger, self._made).leftovers():
            before = self._told.get(share.target)
            told = replace(share, tally=before.tally + share.tally) if before else share
            self._told[share.target] = told
            self._write(context, share.target, self._metadata(told, Remarks(prices=prices)))

    def observe(self, context: OpExecutionContext, prices: str, outcome: str) -> None:
        """Log what was used as observations of the assets, where there are some."""
        for share in Book(self.scope.ledger, self._made).leftovers():
            if share.target.asset_key is not None:
                context.log_event(
                    dg.AssetObservation(
                        self._made.keys[share.target.asset_key],
                        metadata=self._metadata(share, Remarks(prices=prices, outcome=outcome)),
                        partition=share.target.partition_key,
                    )
                )

    def _metadata(self, share: Share, remarks: Remarks) -> dict[str, dg.MetadataValue]:
        metadata = metadata_of(share.tally, replace(remarks, share=share.split))
        if self.scope.dagster_openai_keys.is_set():
            metadata |= dagster_openai_metadata(share.tally)
        return metadata

    def _write(
        self, context: OpExecutionContext, target: Target, metadata: dict[str, dg.MetadataValue]
    ) -> None:
        if target.asset_key is not None:
            key = self._made.keys[target.asset_key]
            partition = target.partition_key if len(self._made.partitions) > 1 else None
            AssetExecutionContext(context).add_asset_metadata(metadata, key, partition)
            return
        names = [output.name for output in context.op_def.output_defs if not output.is_dynamic]
        if len(names) == 1:
            context.add_output_metadata(metadata, names[0])


def _is_direct_invocation(context: OpExecutionContext) -> bool:
    try:
        context.get_step_execution_context()
    except dg.DagsterError:
        # it has none, which is an error of a private kind
        return True
    return False


_accounts: WeakKeyDictionary[OpExecutionContext, _Account] = WeakKeyDictionary()


@contextmanager
def delivering(context: OpExecutionContext, prices: str) -> Iterator[StepScope]:
    """A scope whose usage goes to what a context makes, each time that the block is left.

    Args:
        context: Of a step, or of an asset or op that is invoked directly.
        prices: Name and version of the price table.
    """
    account = _accounts.setdefault(context, _Account(context))
    try:
        yield account.scope
    except BaseException:
        with guarded("the usage of a step that failed"):
            account.observe(context, prices, "failed")
        raise
    with guarded("the usage of a step"):
        account.deliver(context, prices)
