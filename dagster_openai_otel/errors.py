"""The errors of this library.

    DagsterOpenAIOtelError
    ├── SettingError           a setting has a value that is not allowed
    ├── AttributionError       usage was attributed to something that the step does not make
    └── UsageError             what was to be recorded says no usage

None of them is ever raised into a call of the OpenAI SDK.
"""

_LISTED = 20


class DagsterOpenAIOtelError(Exception):
    """Base of all errors that this library raises."""


class SettingError(DagsterOpenAIOtelError, ValueError):
    """A setting has a value that is not allowed.

    Args:
        name: What was set: the argument's or the environment variable's name.
        value: What it was set to.
        allowed: What is allowed.
        fix: What to do.
    """

    def __init__(self, *, name: str, value: object, allowed: str, fix: str) -> None:
        super().__init__(f"{name} is set to {value!r}. Allowed: {allowed}. {fix}")


class AttributionError(DagsterOpenAIOtelError, ValueError):
    """Usage was attributed to an asset or partition that the running step does not make.

    Args:
        kind: `asset` or `partition`.
        given: What it was attributed to.
        made: What the step makes.
    """

    def __init__(self, *, kind: str, given: str, made: tuple[str, ...]) -> None:
        listed = ", ".join(made[:_LISTED]) if made else f"no {kind}s"
        if len(made) > _LISTED:
            listed += f" and {len(made) - _LISTED:,} more"
        super().__init__(
            f"Usage was attributed to the {kind} {given!r}, which this step does not make."
            f" It makes: {listed}. Name one of these, or leave {kind}_key out."
        )


class UsageError(DagsterOpenAIOtelError, ValueError):
    """What was to be recorded as usage says none.

    Args:
        given: What it was.
    """

    def __init__(self, given: object) -> None:
        super().__init__(
            f"record_usage() was given a {type(given).__name__} that says no usage. Allowed: an answer of the"
            " API with its usage, a usage object, a line of a batch's output file, a Usage."
            " Pass the answer as the API gave it, or a Usage with its counts."
        )
