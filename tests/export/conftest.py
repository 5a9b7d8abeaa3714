import pytest

from tests.export.nursery import raised_nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory):
    """One for all tests of this folder: to raise it takes as long as ten tests."""
    with raised_nursery(tmp_path_factory.mktemp("nursery"), "tests.export.work:warm_up") as made:
        yield made
