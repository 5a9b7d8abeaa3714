import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from dagster_openai_otel.ledger import ANY, Target
from dagster_openai_otel.scope import StepScope, entered, find, find_target, inside, targeted


def step(key: str = "step", **options: Any) -> StepScope:
    return StepScope(run_id="run", step_key=key, **options)


def in_a_bare_thread() -> StepScope | None:
    """What is found by a thread that knows nothing of whoever started it."""
    found: list[StepScope | None] = []
    thread = threading.Thread(target=lambda: found.append(find(Context())))
    thread.start()
    thread.join()
    return found[0]


def test_outside_a_step_there_is_none():
    assert find() is None
    assert find_target() is ANY


def test_inside_a_step_it_is_found_and_afterwards_not():
    scope = step()

    with entered(scope):
        assert find() is scope
    assert find() is None


def test_the_inner_of_two_steps_is_found_and_then_the_outer_again():
    outer, inner = step("outer"), step("inner")

    with entered(outer):
        with entered(inner):
            assert find() is inner
        assert find() is outer


def test_a_step_starts_without_the_target_of_the_step_around_it():
    with entered(step("outer")), targeted(Target(asset_key="a")):
        with entered(step("inner")):
            assert find_target() is ANY
        assert find_target() == Target(asset_key="a")


def test_code_that_starts_with_an_empty_context_still_finds_its_step():
    scope = step()

    with entered(scope), entered(other := step("other")):
        token = otel_context.attach(Context())
        try:
            assert find() is other
        finally:
            otel_context.detach(token)


def test_a_bare_thread_finds_the_only_step_that_is_running():
    scope = step()

    with entered(scope):
        assert in_a_bare_thread() is scope


def test_a_bare_thread_finds_none_of_two_steps_that_are_running():
    with entered(step("one")), entered(step("two")):
        assert in_a_bare_thread() is None


def test_a_step_and_a_target_can_be_taken_elsewhere():
    scope, target = step(), Target(asset_key="a")

    with inside(scope, target):
        assert (find(), find_target()) == (scope, target)
    assert (find(), find_target()) == (None, ANY)


def test_a_process_that_a_step_forked_is_in_no_step():
    forked_from = step(process_id=os.getpid() + 1)

    with entered(forked_from):
        assert find() is None
        assert in_a_bare_thread() is None


def test_many_threads_enter_and_leave_steps_of_their_own_without_mixing_them():
    def enter(number: int) -> bool:
        scope = step(str(number))
        with entered(scope):
            return all(find() is scope for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(enter, range(200)))
    assert find() is None
