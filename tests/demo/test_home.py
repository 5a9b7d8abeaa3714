"""The demo's folder is deleted only where it is the demo's own."""

import pytest

from dagster_openai_otel.demo.home import DemoError, fresh_home, is_demo_home


def test_a_home_is_made_where_there_is_none(tmp_path):
    home = fresh_home(tmp_path / ".demo")

    assert is_demo_home(home)
    assert "nux" in (home / "dagster.yaml").read_text()


def test_a_home_takes_the_place_of_an_earlier_one(tmp_path):
    earlier = fresh_home(tmp_path / ".demo")
    (earlier / "history").mkdir()

    fresh_home(tmp_path / ".demo")

    assert not (earlier / "history").exists()


@pytest.mark.parametrize("name", ["dagster.yaml", "notes.txt"])
def test_a_folder_that_the_demo_did_not_make_is_refused_and_kept(tmp_path, name):
    folder = tmp_path / ".demo"
    folder.mkdir()
    (folder / name).write_text("mine")

    with pytest.raises(DemoError, match="the demo did not make it"):
        fresh_home(folder)

    assert (folder / name).read_text() == "mine"


def test_a_file_of_that_name_is_refused_and_kept(tmp_path):
    (tmp_path / ".demo").write_text("mine")

    with pytest.raises(DemoError, match="the demo did not make it"):
        fresh_home(tmp_path / ".demo")

    assert (tmp_path / ".demo").read_text() == "mine"


def test_a_link_to_a_home_elsewhere_is_refused_and_the_home_is_kept(tmp_path):
    elsewhere = fresh_home(tmp_path / "elsewhere")
    (tmp_path / ".demo").symlink_to(elsewhere)

    with pytest.raises(DemoError, match="the demo did not make it"):
        fresh_home(tmp_path / ".demo")

    assert is_demo_home(elsewhere)


def test_a_link_to_nowhere_is_refused(tmp_path):
    (tmp_path / ".demo").symlink_to(tmp_path / "nowhere")

    with pytest.raises(DemoError, match="the demo did not make it"):
        fresh_home(tmp_path / ".demo")
