"""Fetch the uv that uv.lock names for this machine: `python3 scripts/fetch_uv.py <where to put it>`.

Needs Python 3.9 or newer and its standard library only, since many systems come with neither pip nor venv.
"""

import hashlib
import io
import platform
import re
import sys
import urllib.request
import zipfile
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "uv.lock"


def locked_wheel() -> re.Match[str]:
    """Find the wheel for this machine; the match has its address and its SHA-256."""
    # The wheels for musl are linked statically and so run on every Linux.
    kind = {"Darwin": "macosx", "Linux": "musllinux"}.get(platform.system(), platform.system())
    tag = rf'[^"]*/uv-[^"/]*{kind}_[^"/]*_{platform.machine()}\.whl'
    wheel = re.search(rf'url = "(?P<url>{tag})", hash = "sha256:(?P<sha256>\w+)"', LOCK.read_text("utf-8"))
    if wheel is None:
        sys.exit(f"{LOCK.name} names no uv for {platform.system()} on {platform.machine()}.")
    return wheel


def fetched(wheel: re.Match[str]) -> zipfile.ZipFile:
    """Download the wheel and compare it with its SHA-256."""
    try:
        with urllib.request.urlopen(wheel["url"], timeout=60) as answer:  # noqa: S310 - uv writes https only
            content = answer.read()
    except OSError as error:
        sys.exit(f"{wheel['url']}: {error}")
    if hashlib.sha256(content).hexdigest() != wheel["sha256"]:
        sys.exit(f"{wheel['url']} is not the file that {LOCK.name} names: its SHA-256 differs.")
    return zipfile.ZipFile(io.BytesIO(content))


def main() -> None:
    """Put the program at the place that the first argument names."""
    place = Path(sys.argv[1])
    with fetched(locked_wheel()) as wheel:
        [program] = [name for name in wheel.namelist() if name.endswith("/scripts/uv")]
        place.write_bytes(wheel.read(program))
    place.chmod(0o755)


if __name__ == "__main__":
    main()
