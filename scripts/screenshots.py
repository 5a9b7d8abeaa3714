"""The pictures of the documentation; `scripts/screenshots` runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dagster_openai_otel.demo.home import fresh_home
from dagster_openai_otel.testing import FakeOpenAI
from tests.executors.services import await_port, free_port, running
from tests.export.collector import collecting
from tests.processes import ROOT

_PROJECT = ROOT / "examples" / "quickstart"
_MODULE = "quickstart.definitions"
_SIZE = {"width": 1240, "height": 760}
# the run's name, and below it its log
_LOG = {"x": 240, "y": 0, "width": 1000, "height": 700}


def main(folder: Path) -> None:
    """Run the quickstart, and picture what Dagster shows of it."""
    with tempfile.TemporaryDirectory() as scratch, FakeOpenAI() as api, collecting() as collector:
        home = fresh_home(Path(scratch) / "home")
        os.environ |= {
            **api.environment,
            "DAGSTER_HOME": str(home),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "DAGSTER_OPENAI_OTEL_TRACE_URL": "http://localhost:16686/trace/{trace_id}",
            "PYTHONPATH": os.pathsep.join([str(_PROJECT), str(ROOT)]),
        }
        # our own command
        dagster = [sys.executable, "-m", "dagster"]
        materialize = [*dagster, "asset", "materialize", "-m", _MODULE, "--select", "*"]
        subprocess.run(materialize, check=True, capture_output=True)  # noqa: S603  # as said
        port = free_port()
        log = Path(scratch) / "webserver.log"
        serve = [sys.executable, "-m", "dagster_webserver", "-m", _MODULE, "-h", "127.0.0.1", "-p", str(port)]
        with running(serve, log) as process:
            await_port(port, process, log)
            _picture(f"http://127.0.0.1:{port}", folder)


def _picture(url: str, folder: Path) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # of this script's environment alone

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=_SIZE, color_scheme="light")
        page.goto(f"{url}/runs")
        page.locator("a[href*='/runs/']").first.click()
        page.get_by_placeholder("Filter").first.fill("this run")
        page.get_by_text("Trace of this run").first.wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / "run.png", clip=_LOG)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
