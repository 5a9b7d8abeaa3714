"""The ledger."""

from decimal import Decimal

import pytest
from genai_prices import Usage as PricedUsage, calc_price
from hypothesis import given, strategies as st

from dagster_openai_otel.testing import Answer, Bill, BilledCall
from dagster_openai_otel.usage import FIELDS, Usage

MODEL = "gpt-4o-mini"


@pytest.fixture
def chat(client, hello):
    def create(**settings):
        return client.chat.completions.create(**{"model": MODEL, "messages": hello} | settings)

    return create


def billed(api):
    """The only line of the ledger."""
    (call,) = api.bill.calls
    return call


def test_a_call_is_billed_as_the_answer_reports_it(api, chat):
    completion = chat(service_tier="flex")
    call = billed(api)
    assert (call.endpoint, call.model, call.service_tier) == ("chat.completions", completion.model, "flex")
    assert (call.usage.input_tokens, call.usage.output_tokens, call.usage.total_tokens) == (
        completion.usage.prompt_tokens,
        completion.usage.completion_tokens,
        completion.usage.total_tokens,
    )
    assert (call.request, call.response_id) == (0, completion.id)
    assert (call.reported, call.streamed, call.azure) == (True, False, False)


def test_the_price_is_that_of_genai_prices(api, chat):
    api.script(Answer(usage=Usage(input_tokens=1000, output_tokens=100, cached_input_tokens=512)))
    chat()
    tokens = PricedUsage(input_tokens=1000, output_tokens=100, cache_read_tokens=512)
    price = calc_price(tokens, MODEL, provider_id="openai", price_context={"service_tier": "default"})
    assert billed(api).cost_usd == price.total_price > 0


def test_a_priority_call_costs_more(api, chat):
    chat(service_tier="default")
    chat(service_tier="priority")
    usual, prior = api.bill.calls
    assert usual.usage == prior.usage
    assert usual.cost_usd < prior.cost_usd


def test_a_model_without_a_price_is_counted_apart(api, chat):
    chat(model="my-model")
    chat()
    unpriced, priced = api.bill.calls
    assert (unpriced.cost_usd, api.bill.unpriced) == (None, 1)
    assert api.bill.cost_usd == priced.cost_usd


def test_usage_that_contradicts_itself_has_no_price(api, chat):
    api.script(Answer(usage=Usage(input_tokens=1, cached_input_tokens=2)))
    chat()
    assert billed(api).cost_usd is None


def test_the_bill_is_split_by_model(api, chat):
    chat()
    chat(model="gpt-4o")
    chat()
    bills = api.bill.by_model
    assert {model: len(bill.calls) for model, bill in bills.items()} == {
        "gpt-4o-mini-2024-07-18": 2,
        "gpt-4o-2024-08-06": 1,
    }
    assert sum(bill.cost_usd for bill in bills.values()) == api.bill.cost_usd


def test_a_cleared_bill_is_empty(api, chat):
    chat()
    api.bill.clear()
    assert (api.bill.calls, api.bill.usage, api.bill.cost_usd) == ((), Usage(), Decimal(0))


def test_a_stream_that_reports_its_usage_is_reported(api, chat):
    list(chat(stream=True, stream_options={"include_usage": True}))
    assert (billed(api).reported, billed(api).streamed) == (True, True)


def test_a_stream_without_include_usage_is_billed_in_full_but_not_reported(api, chat):
    plain = chat()
    list(chat(stream=True))
    asked, streamed = api.bill.calls
    assert streamed.usage == asked.usage
    assert streamed.usage.output_tokens == plain.usage.completion_tokens
    assert api.bill.unreported == (streamed,)


def test_omitted_usage_is_billed_but_not_reported(api, chat):
    api.script(Answer(omit_usage=True))
    chat()
    assert billed(api).reported is False


def test_repeated_usage_is_reported_once_it_is_whole(api, chat):
    api.script(Answer(repeat_usage=True, cut_after=3), Answer(repeat_usage=True))
    chat(stream=True).close()
    list(chat(stream=True))
    assert [call.reported for call in api.bill.calls] == [False, True]


@pytest.mark.parametrize("ending", [{"cut_after": 2}, {"error_after": 2}, {"cut_after": 0}])
def test_a_stream_that_breaks_is_billed_but_not_reported(api, hasty_client, hello, ending):
    api.script(Answer(**ending))
    options = {"stream": True, "stream_options": {"include_usage": True}}
    with pytest.raises(Exception, match=r"incomplete chunked read|Connection error|server had an error"):
        list(hasty_client.chat.completions.create(model=MODEL, messages=hello, **options))
    assert (len(api.bill.calls), billed(api).reported) == (1, False)


def test_a_stream_that_is_left_early_is_billed_but_not_on_the_wire(api, chat):
    api.script(Answer(chunk_delay=0.05))
    with chat(stream=True, stream_options={"include_usage": True}) as chunks:
        next(chunks)
    api.stop()
    assert billed(api).reported is False


def test_a_client_that_has_the_answer_finds_it_in_the_ledger(api, chat):
    found = []
    for _ in range(50):
        chat()
        found.append(len(api.bill.calls))
    assert found == list(range(1, 51))


def test_a_client_that_has_the_usage_of_a_stream_finds_it_reported(api, chat):
    for chunk in chat(stream=True, stream_options={"include_usage": True}):
        seen = (chunk.usage is not None, billed(api).reported)
    assert seen == (True, True)


def test_a_background_response_is_billed_once_when_it_ends(api, client):
    created = client.responses.create(model=MODEL, input="?", background=True)
    counts = [len(api.bill.calls)]
    for _ in range(3):
        client.responses.retrieve(created.id)
        counts.append(len(api.bill.calls))
    assert counts == [0, 0, 1, 1]
    assert (billed(api).request, billed(api).reported) == (0, True)


def test_a_cancelled_background_response_is_billed_once_and_never_reported(api, client):
    created = client.responses.create(model=MODEL, input="?", background=True)
    client.responses.cancel(created.id)
    client.responses.retrieve(created.id)
    assert (len(api.bill.calls), billed(api).reported) == (1, False)


@pytest.mark.parametrize(("usage", "count"), [(None, 0), (Usage(input_tokens=3), 1)])
def test_a_failed_response_is_billed_only_when_its_usage_is_scripted(api, client, usage, count):
    api.script(Answer(response_status="failed", usage=usage))
    client.responses.create(model=MODEL, input="?")
    assert len(api.bill.calls) == count


def test_an_incomplete_response_is_billed_in_full(api, client):
    api.script(Answer(finish_reason="length"))
    response = client.responses.create(model=MODEL, input="?")
    assert billed(api).usage.total_tokens == response.usage.total_tokens


def test_a_streamed_response_reports_its_usage_in_the_last_event(api, client):
    list(client.responses.create(model=MODEL, input="?", stream=True))
    assert (billed(api).reported, billed(api).streamed) == (True, True)


def test_counting_and_asking_again_are_free(api, client):
    created = client.responses.create(model=MODEL, input="?")
    client.responses.retrieve(created.id)
    client.responses.delete(created.id)
    client.post("/responses/input_tokens", body={"input": "?"}, cast_to=object)
    assert len(api.bill.calls) == 1


def test_a_bill_can_be_made_of_calls_alone():
    call = BilledCall(
        endpoint="chat.completions",
        model=MODEL,
        service_tier=None,
        usage=Usage(input_tokens=1, total_tokens=1),
        cost_usd=Decimal("0.5"),
        reported=False,
        streamed=False,
        azure=False,
        request=0,
        response_id=None,
    )
    bill = Bill([call, call])
    assert (bill.cost_usd, bill.usage.input_tokens, bill.unreported) == (Decimal(1), 2, (call, call))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 10**6))))
def test_the_sums_of_the_models_make_up_the_sum_of_the_bill(calls):
    bill = Bill(
        BilledCall(
            endpoint="responses",
            model=model,
            service_tier=None,
            usage=Usage(**dict.fromkeys(FIELDS, tokens)),
            cost_usd=Decimal(tokens) / 10**6 if tokens % 3 else None,
            reported=bool(tokens % 2),
            streamed=False,
            azure=False,
            request=number,
            response_id=None,
        )
        for number, (model, tokens) in enumerate(calls)
    )
    parts = bill.by_model.values()
    assert sum((part.usage for part in parts), Usage()) == bill.usage
    assert sum(part.cost_usd for part in parts) == bill.cost_usd
    assert sum(part.unpriced for part in parts) == bill.unpriced
    assert sum(len(part.unreported) for part in parts) == len(bill.unreported)
