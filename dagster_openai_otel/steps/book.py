"""A step's book: usage taken from its ledger, given out to what the step makes, and taken back on failure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from threading import Lock

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
    """What a step used and has not been shown yet.

    Only the step's own thread uses it; once the step is over, any thread may take the leftovers.
    """

    def __init__(self, ledger: Ledger, made: Made) -> None:
        self._ledger = ledger
        self._made = made
        self._assets, self._partitions = frozenset(made.assets), frozenset(made.partitions)
        self._held: dict[Target, Share] = {}
        self._given: list[Share] = []
        self._waiting = [] if made.inner else list(made.assets)
        self._waiting_checks = len(made.checks)
        self._taking = Lock()

    def shares_of(self, asset: str) -> list[Share]:
        """The shares of an asset that is about to be handled, one for each partition that gets its own."""
        self._collect()
        self._spread_over_assets([asset] if self._made.one_by_one else self._waiting or [asset])
        if asset in self._waiting:
            self._waiting.remove(asset)
        self._spread_over_partitions(asset)
        return [share for share in self._held.values() if share.target.asset_key == asset]

    def shares_of_rest(self, implied: Collection[str]) -> list[Share]:
        """The shares of the assets that are still to come, where Dagster makes all of them by itself."""
        if not implied or not set(self._waiting).issubset(implied):
            return []
        self._settle()
        return [share for share in self._held.values() if share.target.asset_key in self._waiting]

    def shares_of_output(self) -> list[Share]:
        """All that is held, for an output that is no asset."""
        self._collect()
        return list(self._held.values())

    def shares_of_check(self, asset: str | None) -> list[Share]:
        """The shares of a check that is about to be handled.

        They are what belongs to no asset, where the asset that is checked has been handled: what was used
        before then made the asset. Where the results come at once, each check gets an even part.
        """
        if asset in self._waiting or (asset is None and self._waiting):
            return []
        self._collect()
        shares = [share for share in self._held.values() if share.target.asset_key is None]
        if not self._made.one_by_one:
            shares = [self._part_of_check(share) for share in shares]
            self._waiting_checks -= 1
        return shares

    def give(self, share: Share) -> None:
        """A share has been handed to Dagster, with a result that is about to be handled."""
        self._given.append(self._held.pop(share.target))

    def confirm(self) -> None:
        """What was given has been handled."""
        self._given = []

    def leftovers(self) -> list[Share]:
        """All that was not given or not handled, for whatever the step makes."""
        left: list[Share] = []
        # never waits: it can be asked again from another thread, or from the garbage collector in its midst
        while (self._given or self._held or self._ledger) and self._taking.acquire(blocking=False):
            try:
                given, self._given = self._given, []
                for share in given:
                    self._hold(share)
                self._settle()
                taken, self._held = self._held, {}
                left += taken.values()
            finally:
                self._taking.release()
        return left

    def _settle(self) -> None:
        """Give each share of what is held its asset and its partition."""
        self._collect()
        self._spread_over_assets(self._waiting or list(self._made.assets or self._made.checked_assets))
        for asset in self._made.assets:
            self._spread_over_partitions(asset)

    def _collect(self) -> None:
        for target, tally in self._ledger.take().items():
            self._hold(Share(target=self._made_of(target), tally=tally))

    def _part_of_check(self, share: Share) -> Share:
        """What one check gets of a share; those that are still to come find the rest in the ledger."""
        checks = len(self._made.checks)
        if checks == 1:
            return share
        part, *rest = share.tally.split(max(1, self._waiting_checks))
        if rest:
            self._ledger.add(share.target, sum(rest, Tally()))
        told = f"even split over {checks} checks"
        self._held[share.target] = replace(share, tally=part, split=told)
        return self._held[share.target]

    def _made_of(self, target: Target) -> Target:
        """A target without what the step does not make: a lent client can be used in another step."""
        asset, partition = target.asset_key, target.partition_key
        return Target(
            asset_key=asset if asset in self._assets else None,
            partition_key=partition if partition in self._partitions else None,
        )

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
