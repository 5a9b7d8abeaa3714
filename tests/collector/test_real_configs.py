"""The configurations, as the programs that read them see them."""

import subprocess
from pathlib import Path

import pytest

from tests.collector.programs import CONFIGS, awaited, configured, fetched, program
from tests.executors.services import await_port, free_port, running

pytestmark = pytest.mark.slow

_REDACTION = CONFIGS / "redaction.yaml"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("COLLECTOR", [_REDACTION, CONFIGS / "collector.yaml"]),
        ("COLLECTOR", [_REDACTION, CONFIGS / "scale/agent.yaml"]),
        ("ROUTER", [CONFIGS / "scale/router.yaml"]),
        ("JAEGER", [CONFIGS / "jaeger.yaml"]),
    ],
    ids=["collector", "agent", "router", "jaeger"],
)
def test_a_configuration_is_valid(name: str, files: list[Path]):
    done = _run(program(name), "validate", *configured(*files))

    assert done.returncode == 0, done.stdout


def test_the_collector_refuses_a_configuration_that_is_wrong(tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("processors: {tail_sampling: {no_such_setting: 1}}\n")

    done = _run(program("COLLECTOR"), "validate", *configured(_REDACTION, CONFIGS / "collector.yaml", wrong))

    assert "no_such_setting" in done.stdout


# parts of a configuration are looked at only then
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("COLLECTOR", [_REDACTION, CONFIGS / "scale/agent.yaml"]),
        ("ROUTER", [CONFIGS / "scale/router.yaml"]),
    ],
    ids=["agent", "router"],
)
def test_the_tiers_of_the_variant_for_scale_start_before_kafka_does(
    name: str, files: list[Path], tmp_path: Path
):
    ports = {port: str(free_port()) for port in ("GRPC", "HTTP", "HEALTH")}
    environment = {f"COLLECTOR_{port}_PORT": number for port, number in ports.items()}
    environment |= {"COLLECTOR_STORAGE": str(tmp_path / "queue"), "KAFKA_BROKER": "127.0.0.1:9"}
    command = [program(name), *configured(*files)]
    with running(command, tmp_path / "log", **environment) as process:
        await_port(int(ports["HEALTH"]), process, tmp_path / "log")

        assert awaited(lambda: fetched(f"http://127.0.0.1:{ports['HEALTH']}"), "the service")
        assert process.poll() is None


def test_the_configuration_of_prometheus_is_valid():
    done = _run("promtool", "check", "config", str(CONFIGS / "prometheus.yml"))

    assert done.returncode == 0, done.stdout


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own commands
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )
