"""The Dagster UI on what the demo ran."""

import json
import re
import socket
from importlib.util import find_spec
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from dagster_openai_otel.demo.home import fresh_home
from dagster_openai_otel.demo.ui import HOST, free_port
from tests.demo.running import started


def test_a_port_that_is_in_use_is_passed_over():
    port = free_port()
    with socket.socket() as taken:
        taken.bind((HOST, port))

        assert free_port() > port


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(find_spec("dagster_webserver") is None, reason="the UI is an extra of the environment")
def test_the_ui_answers_on_the_url_that_it_names_and_ctrl_c_ends_it(tmp_path):
    fresh_home(tmp_path / ".demo")
    with started(tmp_path, "ui") as running:
        read = running.read_until("http://")
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", read)
        with urlopen(f"{url}/server_info", timeout=10) as answer:  # noqa: S310  # the loopback interface
            info = json.load(answer)
        running.interrupt()
        demo = running.end()

    with pytest.raises(URLError, match="refused"):
        urlopen(f"{url}/server_info", timeout=10)  # noqa: S310  # as above
    assert "dagster_webserver_version" in info
    assert demo.lines[-1] == "Stopped. Nothing is left running."
    assert demo.status == 0
