from uuid import UUID, uuid4

from hypothesis import given, strategies as st
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from dagster_openai_otel import identity

HALF = 1 << 64


@given(st.uuids())
def test_the_trace_id_is_the_uuid_of_the_run_with_its_halves_swapped(run: UUID):
    high, low = divmod(run.int, HALF)

    assert identity.trace_id(str(run)) == low * HALF + high


@given(st.uuids())
def test_the_run_can_be_read_back_from_its_trace_id(run: UUID):
    high, low = divmod(identity.trace_id(str(run)), HALF)

    assert UUID(int=low * HALF + high) == run


def test_the_trace_id_of_a_known_run_is_this():
    run_id = "01234567-89ab-4cde-8f01-23456789abcd"

    assert f"{identity.trace_id(run_id):032x}" == "8f0123456789abcd0123456789ab4cde"


@given(st.text())
def test_a_run_id_that_is_no_uuid_has_a_trace_of_its_own_all_the_same(run_id: str):
    number = identity.trace_id(run_id)

    assert 0 <= number < HALF * HALF
    assert identity.trace_id(run_id) == number


def test_a_ratio_sampler_samples_its_ratio_of_runs():
    sampler = TraceIdRatioBased(0.1)
    sampled = sum(
        sampler.should_sample(None, identity.trace_id(str(uuid4())), "run").decision
        is Decision.RECORD_AND_SAMPLE
        for _ in range(2_000)
    )

    # four standard deviations to each side of 200
    assert 146 <= sampled <= 254


# a run's id and a step's key hold no control characters
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@given(st.sets(st.tuples(names, names, st.integers(min_value=0, max_value=9)), max_size=20))
def test_each_attempt_of_each_step_has_an_id_of_its_own_that_otel_takes(attempts: set[tuple[str, str, int]]):
    ids = {identity.span_id(*attempt) for attempt in attempts}

    assert len(ids) == len(attempts)
    assert all(0 < number < HALF for number in ids)


def test_the_id_of_a_step_is_the_same_in_every_process():
    assert identity.span_id("run", "step", 0) == 0x3CA51DF60019542E


def test_ids_are_given_inside_the_block_and_new_ones_outside():
    ids = identity.DerivedIds(RandomIdGenerator())

    with identity.given(identity.Ids(trace_id=5, span_id=7)):
        assert (ids.generate_trace_id(), ids.generate_span_id()) == (5, 7)
    assert ids.generate_trace_id() != 5
    assert ids.generate_span_id() != 7
