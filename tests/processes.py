"""Code in a Python process of its own: what has been imported there, and what is wrapped, is known."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]


def run_python(source: str, **environment: str) -> str:
    """Run some code, and return what it printed.

    Args:
        source: The code; common indentation is taken off.
        **environment: Variables on top of those of this process.
    """
    done = subprocess.run(  # noqa: S603  # the code is the test's own
        [sys.executable, "-c", dedent(source)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
