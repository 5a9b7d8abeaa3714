"""What a row of the table is: a kind of step, and where its usage is to be shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import dagster as dg

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of step, with what is needed beside it."""

    name: str
    """The first word of all that its code asks, by which its bill is told from that of others."""
    definitions: tuple[Any, ...]
    """Assets and checks, or a graph of ops."""
    shown: tuple[str, ...]
    """The events that show its usage, sorted: `kind target[@partition] calls[, outcome]`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of the run. Rows whose tags differ are in different runs."""
    selection: tuple[str, ...] = ()
    """The assets and checks (`asset:check`) to make; empty for all. Such a row has a run of its own."""
    fails: bool = False
    """Whether its step fails, for good."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Config of its step or graph."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """Resources of its own."""

    @property
    def is_of_ops(self) -> bool:
        return isinstance(self.definitions[0], dg.GraphDefinition)

    @property
    def nodes(self) -> frozenset[str]:
        """The names of its steps, up to the first dot."""
        return frozenset(map(node_of, self.definitions))


@dataclass(frozen=True)
class Table:
    """The rows of a family."""

    rows: list[Row] = field(default_factory=list)

    def row(self, *shown: str, beside: tuple[Any, ...] = (), **more: Any) -> Callable[[Made], Made]:
        """Add a row for the definition that follows, which gives it its name.

        Args:
            shown: As in `Row`.
            beside: More definitions of the row.
            **more: More fields of `Row`.
        """

        def add(definition: Made) -> Made:
            definitions = (definition, *beside)
            fields = {"name": node_of(definition), **more}
            self.rows.append(Row(definitions=definitions, shown=tuple(sorted(shown)), **fields))
            return definition

        return add


def node_of(definition: Any) -> str:
    """The name of the step, or of the graph of steps, that a definition is run by."""
    node = definition if isinstance(definition, dg.GraphDefinition) else definition.node_def
    return str(node.name)


class RefusalError(Exception):
    """What steps fail with."""
