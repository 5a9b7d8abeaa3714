"""A step's book: usage taken from its ledger, given out to what the step makes, and taken back on failure."""

from dataclasses import dataclass, replace

from dagster_openai_otel.ledger import Ledger, Target
from dagster_openai_otel.steps.targets import Made
from dagster_openai_otel.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Usage that one target gets."""

    target: Target
    tally: Tally
    split: str | None = None
    """How it was split off from a whole; `None` where it was not."""


class Book:
    """What a step used and has not been shown yet. Only the step's own thread uses it."""

    def __init__(self, ledger: Ledger, made: Made) -> None:
        self._ledger = ledger
        self._made = made
        self._held: dict[Target, Share] = {}
        self._given: list[Share] = []
        self._waiting = list(made.assets)

    def give(self, asset: str) -> list[Share]:
        """The shares of an asset that is about to be handled, one for each partition that gets its own."""
        self._collect()
        self._spread_over_assets([asset] if self._made.one_by_one else self._waiting or [asset])
        if asset in self._waiting:
            self._waiting.remove(asset)
        self._spread_over_partitions(asset)
        self._given = [self._held.pop(target) for target in list(self._held) if target.asset_key == asset]
        return self._given

    def give_all(self) -> Tally:
        """All that is held, for a result that is no asset."""
        self._collect()
        self._given = list(self._held.values())
        self._held = {}
        return sum((share.tally for share in self._given), Tally())

    def confirm(self) -> None:
        """What was given last has been handled."""
        self._given = []

    def leftovers(self) -> list[Share]:
        """All that was not given or not handled, for whatever the step makes."""
        given, self._given = self._given, []
        for share in given:
            self._hold(share)
        self._collect()
        self._spread_over_assets(self._waiting or list(self._made.assets or self._made.checked_assets))
        for asset in self._made.assets:
            self._spread_over_partitions(asset)
        left, self._held = list(self._held.values()), {}
        return left

    def _collect(self) -> None:
        for target, tally in self._ledger.take().items():
            self._hold(Share(target=target, tally=tally))

    def _hold(self, share: Share) -> None:
        held = self._held.get(share.target)
        if held is not None:
            share = replace(held, tally=held.tally + share.tally, split=held.split or share.split)
        self._held[share.target] = share

    def _spread_over_assets(self, assets: list[str]) -> None:
        """Split what belongs to no asset yet; what belongs to a partition stays there."""
        for source in [target for target in self._held if target.asset_key is None]:
            targets = [Target(asset_key=asset, partition_key=source.partition_key) for asset in assets]
            self._spread(source, targets, "assets")

    def _spread(self, source: Target, targets: list[Target], kind: str) -> None:
        """Split what one target holds evenly over others."""
        share = self._held.pop(source, None) if targets else None
        if share is None:
            return
        if len(targets) == 1:
            self._hold(replace(share, target=targets[0]))
            return
        told = " of ".join(filter(None, (f"even split over {len(targets)} {kind}", share.split)))
        for target, tally in zip(targets, share.tally.split(len(targets)), strict=True):
            self._hold(Share(target=target, tally=tally, split=told))

    def _spread_over_partitions(self, asset: str) -> None:
        partitions = self._made.partitions
        if partitions:
            targets = [Target(asset_key=asset, partition_key=partition) for partition in partitions]
            self._spread(Target(asset_key=asset), targets, "partitions")
