"""Ways for a command to end."""

import click

NOTHING_FOUND = 1
"""Exit status: there is nothing to show, or, of `doctor`, something to mend."""
USED_WRONGLY = 2
"""Exit status: the command cannot do what it was asked for."""


class CommandError(click.ClickException):
    """The command cannot do what it was asked for; the message says why, and what to do."""

    exit_code = USED_WRONGLY
