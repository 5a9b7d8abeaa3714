"""The demo's folder, its `DAGSTER_HOME`: made anew, and deleted only where the demo itself made it."""

import shutil
from pathlib import Path

NAME = ".demo"
"""Name of the folder, in the current folder."""
LOG = "output.log"
"""Name of the file, in that folder, that takes what other code writes to the screen."""

_MARKER = "made-by-dagster-openai-otel-demo"
_CONFIGURATION = """\
telemetry:
  enabled: false
nux:
  enabled: false
# The steps print nothing, and so four processes fewer are started for each.
compute_logs:
  module: {no_compute_logs}
  class: NoOpComputeLogManager
"""


class DemoError(Exception):
    """The demo cannot go on; the message says why, and what to do."""


def is_demo_home(folder: Path) -> bool:
    """Whether the demo made this folder, so that it may be used and deleted."""
    return (folder / _MARKER).is_file() and not folder.is_symlink()


def fresh_home(folder: Path) -> Path:
    """Make an empty `DAGSTER_HOME`, in place of the one that an earlier demo made.

    Args:
        folder: Where to make it.

    Returns:
        The folder, as an absolute path.

    Raises:
        DemoError: Something is there that the demo did not make. It is left as it is.
    """
    if is_demo_home(folder):
        shutil.rmtree(folder)
    elif folder.exists() or folder.is_symlink():
        message = (
            f"{folder} is there already, and the demo did not make it (it has no file {_MARKER})."
            " Move it away, or run the demo in another folder."
        )
        raise DemoError(message)
    folder.mkdir()
    (folder / _MARKER).touch()
    # loads Dagster, which takes longer than to see that the demo cannot run
    from dagster_openai_otel.steps.upstream import NO_COMPUTE_LOGS  # noqa: PLC0415  # see above

    configuration = _CONFIGURATION.format(no_compute_logs=NO_COMPUTE_LOGS)
    (folder / "dagster.yaml").write_text(configuration, encoding="utf-8")
    return folder.absolute()
