"""The page of `usage --html`: well-formed, whole in itself, and right."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from tests.cli.command import call
from tests.cli.work import HOSTILE

_OUTSIDE = ("src", "href", "data", "action", "srcset", "poster", "xlink:href")


@dataclass
class Page(HTMLParser):
    """Reads a page; fails where its tags do not fit."""

    texts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        self._open.append(tag)
        if tag == "meta":
            self._open.pop()

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self._open and self._open[-1] in {"th", "td"}:
            self.rows[-1].append(data)

    @property
    def closed(self) -> bool:
        return not self._open


@pytest.fixture(scope="module")
def written(worked, tmp_path_factory):
    def write(*arguments):
        file = tmp_path_factory.mktemp("page") / "bill.html"
        ended = call("usage", *arguments, "--html", str(file), **worked.environment)
        assert ended.errors == f"Written: {file}\n"
        return file.read_text(encoding="utf-8")

    return write


@pytest.fixture(scope="module")
def html(written):
    return written("--by", "tag:team")


@pytest.fixture(scope="module")
def page(html):
    page = Page()
    page.feed(html)
    page.close()
    return page


def test_every_tag_is_closed(page):
    assert page.closed
    assert page.tags.count("html") == page.tags.count("body") == 1


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(html, page):
    assert not {name for name, _ in page.attributes} & set(_OUTSIDE)
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?:", html)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_names_are_text_whatever_they_hold(html, page):
    assert HOSTILE not in html
    assert [row[0] for row in page.rows if row[0].startswith("<")] == [HOSTILE]


def test_the_table_says_what_the_command_says(page, worked):
    report = call("usage", "--by", "tag:team", "--format", "json", **worked.environment).json

    rows = {row[0]: row[1:] for row in page.rows[1:]}
    assert {name: int(row[0].replace(",", "")) for name, row in rows.items()} == {
        **{row["tag:team"]: row["calls"] for row in report["rows"]},
        "total": report["total"]["calls"],
    }


def test_the_charts_name_assets_models_and_jobs(page):
    texts = " ".join(page.texts)

    assert {"letters", "shaky", "op two_outputs", "plain_job", "gpt-5-mini-2025-08-07"} <= set(page.texts)
    assert re.search(r"shaky: \$[\d.]+, of which \$[\d.]+ in failed attempts", texts)


def test_the_page_comes_beside_json(written, worked, tmp_path):
    file = tmp_path / "bill.html"
    ended = call("usage", "--format", "json", "--html", str(file), **worked.environment)

    assert ended.json["by"] == "asset"
    assert file.read_text().startswith("<!doctype html>")


def test_what_is_filtered_by_is_said(written):
    assert "only assets letters, s*" in written("--asset", "letters", "--asset", "s*")


def test_a_page_without_usage_is_well_formed(home, tmp_path):
    call("usage", "--html", str(tmp_path / "empty.html"), DAGSTER_HOME=str(home))

    page = Page()
    page.feed((tmp_path / "empty.html").read_text())
    assert page.closed


def test_a_page_that_cannot_be_written_is_said_with_status_2(worked, tmp_path):
    ended = call("usage", "--html", str(tmp_path / "no" / "bill.html"), **worked.environment)

    assert ended.status == 2
    assert "cannot be written: No such file or directory" in ended.said
