"""What a step makes: its assets and partitions, and which of them an event of the step is for."""

import inspect
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field

import dagster as dg
from dagster import AssetKey, OpExecutionContext

from dagster_openai_otel.steps.upstream import SELF_OBSERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a step was asked to make."""

    keys: Mapping[str, AssetKey] = field(default_factory=dict)
    """The keys of all assets below, by user form: a part that holds a slash cannot be read back from it."""
    assets: tuple[str, ...] = ()
    """The assets that were selected, in user form, sorted; empty for ops and for steps of checks alone."""
    checks: tuple[str, ...] = ()
    """The selected checks, as `asset:check`."""
    checked_assets: tuple[str, ...] = ()
    """The assets of those checks."""
    partitions: tuple[str, ...] = ()
    """The partitions of the assets; empty where they have none."""
    one_by_one: bool = False
    """Whether the step's code runs on between its results, so that each can be given its own usage."""
    inner: bool = False
    """Whether the step is in the midst of a graph asset: it makes none of the assets itself."""


def made_by(context: OpExecutionContext) -> Made:
    """What the step of a context was asked to make."""
    if not context.has_assets_def:
        return Made(one_by_one=True)
    checks = sorted(context.selected_asset_check_keys)
    own = _own_assets(context)
    # of an op in the middle of a graph asset, all of the graph's
    assets = own or context.selected_asset_keys
    return Made(
        keys={key.to_user_string(): key for key in (*(check.asset_key for check in checks), *assets)},
        assets=tuple(sorted(key.to_user_string() for key in assets)),
        checks=tuple(f"{check.asset_key.to_user_string()}:{check.name}" for check in checks),
        checked_assets=tuple(dict.fromkeys(check.asset_key.to_user_string() for check in checks)),
        partitions=_partitions(context),
        one_by_one=_is_generator(context),
        inner=not own,
    )


def _own_assets(context: OpExecutionContext) -> AbstractSet[AssetKey]:
    """The selected assets of the step's own outputs."""
    outputs = (_asset_of_output(output.name, context) for output in context.op_def.output_defs)
    return context.selected_asset_keys & set(filter(None, outputs))


def implied_assets(context: OpExecutionContext) -> frozenset[str]:
    """The assets, in user form, that Dagster materializes by itself where the step's code yields none."""
    if not context.has_assets_def or context.assets_def.is_observable:
        return frozenset()
    outputs = context.op_def.output_defs
    implied = [out.name for out in outputs if out.dagster_type.is_nothing and out.is_required]
    keys = (_asset_of_output(name, context) for name in implied)
    return frozenset(key.to_user_string() for key in keys if key)


def asset_of(event: object, context: OpExecutionContext) -> str | None:
    """The asset, in user form, that an event of a step materializes or observes; `None` for others."""
    if isinstance(event, dg.MaterializeResult | dg.ObserveResult):
        keys = context.selected_asset_keys
        key = event.asset_key or (next(iter(keys)) if len(keys) == 1 else None)
        return key.to_user_string() if key else None
    if isinstance(event, dg.Output) and context.has_assets_def and SELF_OBSERVED not in event.metadata:
        asset_key = _asset_of_output(event.output_name, context)
        return asset_key.to_user_string() if asset_key else None
    return None


def checked_by(result: dg.AssetCheckResult, made: Made) -> str | None:
    """The asset, in user form, that a check result is for; `None` where the step's checks do not tell."""
    if result.asset_key:
        return result.asset_key.to_user_string()
    named = {
        asset
        for asset, _, name in (check.rpartition(":") for check in made.checks)
        if result.check_name in {None, name}
    }
    return named.pop() if len(named) == 1 else None


def _asset_of_output(output_name: str, context: OpExecutionContext) -> AssetKey | None:
    try:
        return context.asset_key_for_output(output_name)
    except Exception:  # noqa: BLE001  # of a private kind: what matters is that there is no asset
        # an inner op of a graph asset, the output of a check, or a direct invocation
        return None


def _partitions(context: OpExecutionContext) -> tuple[str, ...]:
    try:
        if context.assets_def.partitions_def is None:
            return ()
    except Exception:  # noqa: BLE001, S110  # of a private kind
        # assets of several kinds of partitions in one step, of which a run has one
        pass
    if context.has_partition_key:
        return (context.partition_key,)
    return tuple(context.partition_keys) if context.has_partition_key_range else ()


def _is_generator(context: OpExecutionContext) -> bool:
    function = getattr(context.op_def.compute_fn, "decorated_fn", None)
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
