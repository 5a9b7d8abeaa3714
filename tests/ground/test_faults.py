import logging
import threading

import pytest

from dagster_openai_otel import faults


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_said", set())


@pytest.fixture
def swallowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for users: faults stop at the boundary."""
    monkeypatch.setattr(faults, "_raising", False)


def fail(error: BaseException, loss: str = "the usage of a call") -> None:
    with faults.guarded(loss):
        raise error


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.usefixtures("swallowing")
def test_a_fault_is_stopped_and_logged_with_what_is_lost_and_its_traceback(caplog):
    error = LookupError("a fault")

    fail(error)

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("dagster_openai_otel", logging.WARNING)
    assert record.getMessage() == "lost because of a fault in dagster-openai-otel: the usage of a call"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.usefixtures("swallowing")
def test_the_same_kind_of_fault_is_logged_once(caplog):
    for number in range(5):
        fail(LookupError(number))

    assert len(messages(caplog)) == 1


@pytest.mark.usefixtures("swallowing")
def test_another_kind_of_fault_and_another_loss_are_logged_too(caplog):
    fail(LookupError())
    fail(ValueError())
    fail(LookupError(), "the span of a step")

    assert len(messages(caplog)) == 3


@pytest.mark.usefixtures("swallowing")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()], ids=repr)
def test_what_is_no_fault_of_ours_passes_and_is_not_logged(error: BaseException, caplog):
    with pytest.raises(type(error)) as caught:
        fail(error)

    assert caught.value is error
    assert messages(caplog) == []


def test_a_fault_is_raised_and_logged_where_tests_ask_for_it(caplog):
    with faults.raised(), pytest.raises(LookupError):
        fail(LookupError())

    assert len(messages(caplog)) == 1


@pytest.mark.usefixtures("swallowing")
def test_faults_are_stopped_again_after_the_block_also_when_it_fails():
    with pytest.raises(LookupError), faults.raised():
        fail(LookupError())

    fail(LookupError())


@pytest.mark.usefixtures("swallowing")
def test_a_block_that_goes_well_says_nothing(caplog):
    with faults.guarded("nothing"):
        pass

    assert messages(caplog) == []


def test_a_message_is_said_once_and_without_a_traceback(caplog):
    faults.say_once("look here")
    faults.say_once("look here")

    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info) == ("look here", None)


@pytest.mark.usefixtures("swallowing")
def test_a_fault_in_many_threads_at_once_is_stopped_in_each(caplog):
    threads = [threading.Thread(target=fail, args=(LookupError(),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(messages(caplog)) == {
        "lost because of a fault in dagster-openai-otel: the usage of a call",
    }


def test_the_type_of_a_built_in_error_is_its_name_and_of_others_its_qualified_class():
    assert faults.error_type(ValueError()) == "ValueError"
    assert faults.error_type(threading.BrokenBarrierError()) == "threading.BrokenBarrierError"
