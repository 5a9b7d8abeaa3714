"""`attribute_usage()`: say which asset and partition of a step the calls in a block belong to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast

from dagster_openai_otel.errors import AttributionError
from dagster_openai_otel.ledger import Target
from dagster_openai_otel.scope import StepScope, find, find_target, targeted


class AssetKeyLike(Protocol):
    """Dagster's `AssetKey`."""

    def to_user_string(self) -> str:
        """The key's parts, joined by `/`."""
        ...


@contextmanager
def attribute_usage(
    asset_key: AssetKeyLike | str | Sequence[str] | None = None, partition_key: str | None = None
) -> Iterator[None]:
    """Attribute the usage of the calls inside to an asset and a partition that the running step makes.

    It nests: what is not named stays as it is outside. It reaches the threads and tasks that are started
    inside, and goes on where a generator does that yields inside. Where no step is running it does nothing.
    The usage of a check goes to its result in any case: there it may name the asset that is checked.

    Args:
        asset_key: The asset, as an `AssetKey`, as its parts, or as these joined by `/`; `None` for whatever
            the block around says.
        partition_key: The partition; `None` for whatever the block around says.

    Raises:
        AttributionError: The step does not make that asset or partition. An op makes no assets.
    """
    key = None if asset_key is None else _user_string(asset_key)
    target = Target(asset_key=key, partition_key=partition_key).within(find_target())
    scope = find()
    if scope is not None:
        check(scope, target)
    with targeted(target):
        yield


def check(scope: StepScope, target: Target) -> None:
    """Check that a step makes a target.

    Raises:
        AttributionError: It does not.
    """
    for kind, given, made in (
        ("asset", target.asset_key, tuple(dict.fromkeys((*scope.asset_keys, *scope.checked_keys)))),
        ("partition", target.partition_key, scope.partition_keys),
    ):
        if given is not None and given not in made:
            raise AttributionError(kind=kind, given=given, made=made)


def target_of(scope: StepScope, asset_key: AssetKeyLike | str | Sequence[str]) -> Target:
    """An asset of a step as a target.

    Raises:
        AttributionError: The step does not make it.
    """
    target = Target(asset_key=_user_string(asset_key))
    check(scope, target)
    return target


def _user_string(asset_key: AssetKeyLike | str | Sequence[str]) -> str:
    if isinstance(asset_key, str):
        return asset_key
    # Dagster's AssetKey is a tuple too, of another kind
    user_string = getattr(asset_key, "to_user_string", None)
    return str(user_string()) if user_string else "/".join(cast("Sequence[str]", asset_key))
