"""Wrappers round functions of others, which can be taken off whatever was wrapped round them since."""

from collections.abc import Callable, Mapping
from typing import Any

import wrapt

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], Mapping[str, Any]], Any]
"""Stands in for a function: is given the function, what it is bound to, and its arguments."""


class Wrapping:
    """The wrappers that one instrumentor put on. They pass all through once they are taken off."""

    def __init__(self) -> None:
        self._placed: list[tuple[Any, str, Any]] = []
        self.active = True
        """Whether the wrappers do anything."""

    def wrap(self, owner: Any, path: str, wrapper: Wrapper) -> None:
        """Wrap a function.

        Args:
            owner: A module or its name, or a class.
            path: Where the function is in it, with dots.
            wrapper: Stands in for it.

        Raises:
            AttributeError: There is no such function.
            ImportError: There is no such module.
        """

        def standing_in(
            wrapped: Callable[..., Any], bound: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
        ) -> Any:
            return wrapper(wrapped, bound, args, kwargs) if self.active else wrapped(*args, **kwargs)

        parent, name, _ = wrapt.resolve_path(owner, path)
        self._placed.append((parent, name, wrapt.wrap_function_wrapper(owner, path, standing_in)))

    def take_off(self) -> None:
        """Take the wrappers off; those that others have wrapped since stay, and do nothing."""
        self.active = False
        while self._placed:
            parent, name, placed = self._placed.pop()
            if vars(parent).get(name) is placed:
                setattr(parent, name, placed.__wrapped__)
