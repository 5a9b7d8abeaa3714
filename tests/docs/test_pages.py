"""What the pages say of settings, variables, links and commands is so."""

import re
from dataclasses import fields
from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from opentelemetry.util.re import parse_env_headers

from dagster_openai_otel import OpenAIResource, checks
from dagster_openai_otel.settings import ENVIRONMENT_PREFIX, Settings
from tests.docs.pages import DOCS, PAGES, ROOT, Block, blocks

_SETTINGS = {field.name for field in fields(Settings)}
# their own tests run what they show
_SHOWN_ELSEWHERE = {"command.md", "collector.md"}
_READABLE = (*PAGES, *sorted((ROOT / "examples").rglob("*.md")))


def _headings(page: Path) -> set[str]:
    """The anchors that a page's headings make, on GitHub and in the built pages."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def _texts() -> list[tuple[Path, str]]:
    return [(page, page.read_text()) for page in _READABLE]


def _exported(variable: str) -> list[str]:
    """What the console blocks of all pages set a variable to."""
    code = "".join(block.code for block in blocks("console"))
    return re.findall(rf"""export {variable}=(?:'([^'\n]+)'|"((?:[^"\n]|"\$)+)"|(\S+))""", code)


def test_the_table_of_settings_has_each_setting_with_its_default():
    rows = re.findall(r"^\| \[`(\w+)`\]\(\S+\) \| (\S+) \|", (DOCS / "settings.md").read_text(), re.MULTILINE)

    defaults = {name: default.strip("`") for name, default in rows}

    assert set(defaults) == _SETTINGS
    assert defaults == {name: str(getattr(Settings(), name)) for name in _SETTINGS} | {"prices": "none"}


def test_each_variable_of_ours_on_a_page_is_a_setting():
    named = {name for _, text in _texts() for name in re.findall(rf"\b{ENVIRONMENT_PREFIX}([A-Z_]+)", text)}
    assert {name.lower() for name in named} <= _SETTINGS
    assert named


def test_each_variable_of_opentelemetry_that_a_page_sets_is_explained():
    code = "".join(block.code for block in blocks("console"))
    explained = "".join(
        (DOCS / name).read_text() for name in ("settings.md", "exporting.md", "without-python.md")
    )
    # the page says that each has one for traces only
    named = {name.replace("OTLP_TRACES_", "OTLP_") for name in re.findall(r"export (OTEL_\w+)=", code)}
    assert [name for name in named if name not in explained] == []


def test_each_link_to_a_trace_is_one_that_is_allowed():
    links = ["".join(found) for found in _exported("DAGSTER_OPENAI_OTEL_TRACE_URL")]
    assert len(links) > 5
    for link in links:
        assert checks.trace_url("trace_url", link).count("{trace_id}") == 1


def test_each_list_of_headers_is_read_as_it_is_meant():
    written = ["".join(found) for found in _exported(r"OTEL_EXPORTER_OTLP(?:_TRACES)?_HEADERS")]
    assert len(written) > 5
    for text in written:
        # what the shell puts in
        given = re.sub(r"\$\w+", "a2V5OnNlY3JldA==", text)
        assert len(parse_env_headers(given, liberal=True)) == given.count(",") + 1


@pytest.mark.parametrize("page", _READABLE, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_a_heading(page: Path):
    dead = []
    for link in re.findall(r"(?<!\\)\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in _headings(target)):
            dead.append(link)
    assert dead == []


def test_each_page_is_in_the_contents():
    trees = re.findall(r"```\{toctree\}(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted(listed) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")


@pytest.mark.filterwarnings("ignore:.parse_obj_as. is deprecated")  # by Dagster
@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in blocks("yaml")])
def test_each_block_of_yaml_can_be_read(block: Block, monkeypatch: pytest.MonkeyPatch):
    content = yaml.safe_load(block.code)

    if "attributes" not in content:
        assert content
        return
    monkeypatch.setenv("JAEGER_URL", "http://localhost:16686")
    if not hasattr(dg, "Component"):
        pytest.skip("this version of Dagster has no components")
    from dagster_openai_otel import OpenAIOtelComponent  # noqa: PLC0415  # needs components

    assert content["type"] == f"dagster_openai_otel.{OpenAIOtelComponent.__name__}"
    resolved = OpenAIOtelComponent.resolve_from_dict(content["attributes"])
    assert resolved.model_fields_set >= set(content["attributes"])
    assert "{{" not in str(resolved)


def test_the_page_for_users_of_dagster_openai_names_what_the_resource_has():
    page = (DOCS / "from-dagster-openai.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| `OpenAIResource("))
    named = {name for code in re.findall(r"`([^`]+)`", row) for name in re.findall(r"\b[a-z_]+\b", code)}
    assert named == set(OpenAIResource.model_fields)
    for method in re.findall(r"\b(get_\w+)\(", page):
        assert hasattr(OpenAIResource, method)


def test_no_console_block_shows_what_a_command_prints_unless_that_is_tested():
    shown = [
        block.name
        for block in blocks("console")
        if "$ " in block.code and block.page.name not in _SHOWN_ELSEWHERE
        for line in block.code.splitlines()
        if not line.startswith(("$ ", "#")) and line.strip()
    ]
    assert shown == []
