"""docker-compose.yml against the configurations that it starts and the programs that the tests build."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it comes with Dagster, without types

from tests.processes import ROOT

CONFIGS = ROOT / "collector-config"


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


COMPOSE = _read(ROOT / "docker-compose.yml")
SERVICES = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_one_of_the_loopback_interface(name: str):
    assert SERVICES[name]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


def test_no_two_services_want_the_same_port_and_none_that_of_the_dagster_ui():
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service["ports"]]

    assert len(ports) == len(set(ports))
    assert "3000" not in ports


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str):
    for volume in SERVICES[name]["volumes"]:
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version_and_a_limit_of_memory(name: str):
    assert re.search(r":v?\d+\.\d+\.\d+$", SERVICES[name]["image"])
    assert SERVICES[name]["mem_limit"]


@pytest.mark.parametrize(("name", "folder"), [("collector", "/etc/otelcol"), ("jaeger", "/etc/jaeger")])
def test_what_the_command_reads_is_mounted(name: str, folder: str):
    read = {option.removeprefix("--config=") for option in SERVICES[name]["command"]}
    mounted = {volume.split(":")[1] for volume in SERVICES[name]["volumes"]}

    assert read == {path for path in mounted if path.startswith(folder)}


def test_the_images_are_the_programs_that_are_built_for_the_tests():
    collector = SERVICES["collector"]["image"].rpartition(":")[2]
    jaeger = SERVICES["jaeger"]["image"].rpartition(":")[2]
    module = (ROOT / "tests/programs/jaeger/go.mod").read_text()

    assert collector == _read(ROOT / "tests/programs/collector/builder.yaml")["dist"]["version"]
    assert re.search(rf"v1\.\d+\.\d+ is the module of {re.escape(jaeger)}\.\n", module)


@pytest.mark.parametrize("program", ["collector", "router"])
def test_the_program_that_is_built_has_the_versions_that_its_recipe_names(program: str):
    module = (ROOT / f"tests/programs/{program}/go.mod").read_text()
    recipe = _read(ROOT / f"tests/programs/{program}/builder.yaml")
    named = [
        component["gomod"] for parts in recipe.values() if isinstance(parts, list) for component in parts
    ]

    assert [component for component in named if f"\t{component}\n" not in module] == []


def test_the_program_that_is_built_has_every_component_that_a_configuration_names():
    built = {name: _modules(name) for name in ("collector", "router")}
    modules = {
        "receivers": "receiver",
        "processors": "processor",
        "exporters": "exporter",
        "connectors": "connector",
        "extensions": "extension",
    }
    # of a component: its module, where it is called otherwise
    called = {"otlp_grpcexporter": "otlpexporter", "file_storageextension": "filestorage"}
    for path in [*CONFIGS.glob("*.yaml"), *CONFIGS.glob("scale/*.yaml")]:
        if path.name == "jaeger.yaml":
            continue
        for kind, suffix in modules.items():
            for name in _read(path).get(kind, ()):
                component = name.split("/")[0] + suffix
                module = called.get(component, component.replace("_", ""))
                program = "router" if path.name == "router.yaml" else "collector"
                assert module in built[program], f"{name} of {path.name}"


def _modules(program: str) -> set[str]:
    return {
        Path(component["gomod"].split()[0]).name
        for parts in _read(ROOT / f"tests/programs/{program}/builder.yaml").values()
        if isinstance(parts, list)
        for component in parts
    }


def test_each_variable_that_a_service_is_given_is_read_by_its_configuration():
    for name, prefix in (("collector", "COLLECTOR_"), ("jaeger", "JAEGER_")):
        said = "".join(path.read_text() for path in CONFIGS.glob("*.yaml"))
        for variable in SERVICES[name]["environment"]:
            if variable.startswith(prefix):
                assert f"${{env:{variable}:-" in said, variable


def test_services_look_for_each_other_where_they_listen():
    collector, jaeger = (_read(CONFIGS / f"{name}.yaml") for name in ("collector", "jaeger"))
    listens = {
        f"collector:{_port(collector['exporters']['prometheus']['endpoint'])}",
        f"collector:{_own_metrics(collector)}",
        f"jaeger:{_own_metrics(jaeger)}",
        f"jaeger:{_port(jaeger['receivers']['otlp']['protocols']['grpc']['endpoint'])}",
        f"jaeger:{_port(jaeger['extensions']['jaeger_query']['http']['endpoint'])}",
        "prometheus:9090",
    }
    scraped = [
        target
        for job in _read(CONFIGS / "prometheus.yml")["scrape_configs"]
        for configured in job["static_configs"]
        for target in configured["targets"]
    ]
    shown = _read(CONFIGS / "grafana/provisioning/datasources/datasources.yaml")["datasources"]
    looked = [
        *scraped,
        SERVICES["collector"]["environment"]["JAEGER_ENDPOINT"],
        SERVICES["jaeger"]["environment"]["PROMETHEUS_URL"].removeprefix("http://"),
        *(source["url"].removeprefix("http://") for source in shown),
    ]

    assert set(looked) <= listens


def test_the_ports_that_are_published_are_those_where_the_services_listen():
    collector, jaeger = (_read(CONFIGS / f"{name}.yaml") for name in ("collector", "jaeger"))
    protocols = collector["receivers"]["otlp"]["protocols"]
    inside = {name: {port.split(":")[2] for port in service["ports"]} for name, service in SERVICES.items()}

    assert inside["collector"] == {
        _port(protocols["grpc"]["endpoint"]),
        _port(protocols["http"]["endpoint"]),
        _port(collector["extensions"]["health_check"]["endpoint"]),
    }
    assert inside["jaeger"] == {_port(jaeger["extensions"]["jaeger_query"]["http"]["endpoint"])}
    health = _port(jaeger["extensions"]["healthcheckv2"]["http"]["endpoint"])
    assert f":{health}/" in SERVICES["jaeger"]["healthcheck"]["test"][-1]


def test_the_dashboard_asks_sources_that_are_provisioned():
    sources = _read(CONFIGS / "grafana/provisioning/datasources/datasources.yaml")["datasources"]
    dashboard = json.loads((CONFIGS / "grafana/dashboards/openai.json").read_text())
    asked = {panel["datasource"]["uid"] for panel in dashboard["panels"] if "datasource" in panel}
    provider = _read(CONFIGS / "grafana/provisioning/dashboards/dashboards.yaml")["providers"][0]
    mounted = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]

    assert asked == {source["uid"] for source in sources}
    assert provider["options"]["path"] in mounted


def _port(endpoint: str) -> str:
    """The port of an endpoint that is written with variables and their defaults."""
    return re.sub(r"\$\{env:\w+:-([^}]*)\}", r"\1", endpoint).rpartition(":")[2]


def _own_metrics(config: Any) -> str:
    exporter = config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]
    return _port(f":{exporter['port']}")
