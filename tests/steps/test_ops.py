import dagster as dg

from tests.events import billed, summed
from tests.steps.asking import ask, ask_async, execute, materialize


def test_the_usage_of_an_op_stands_on_its_output(api, instance):
    @dg.op
    def poem():
        return ask()

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.places == [("output", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_the_output_metadata_of_the_user_stays(api, instance):
    @dg.op
    def poem(context: dg.OpExecutionContext):
        context.add_output_metadata({"mine": 1})
        return dg.Output(ask(), metadata={"mine too": 2})

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.shown[0].metadata["mine"] == 1
    assert ran.shown[0].metadata["mine too"] == 2
    assert summed(ran.shown) == billed(api.bill)


def test_an_op_of_several_outputs_gives_each_what_was_used_since_the_one_before(api, instance):
    @dg.op(out={"short": dg.Out(), "long": dg.Out()})
    def poem():
        yield dg.Output(ask("Short."), output_name="short")
        ask("Longer.")
        yield dg.Output(ask("Longest."), output_name="long")

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.places == [("output", "poem", 1), ("output", "poem", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_an_op_that_returns_several_outputs_at_once_shows_its_usage_once(api, instance):
    @dg.op(out={"short": dg.Out(), "long": dg.Out()})
    def poem():
        return ask("Short."), ask("Longest.")

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.places == [("output", "poem", 2)]
    assert summed(ran.shown) == billed(api.bill)


def test_each_dynamic_output_and_each_mapped_op_shows_its_own(api, instance):
    @dg.op(out=dg.DynamicOut())
    def words():
        for word in ("one", "two"):
            yield dg.DynamicOutput(ask(word), mapping_key=word)

    @dg.op
    def poem(word: str):
        return ask(word)

    @dg.op
    def book(poems: list[str]):
        return ask(" ".join(poems))

    @dg.job
    def library():
        book(words().map(poem).collect())

    ran = execute(instance, library)

    assert ran.places == [
        ("output", "words", 1),
        ("output", "words", 1),
        ("output", "poem[one]", 1),
        ("output", "poem[two]", 1),
        ("output", "book", 1),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_an_op_without_an_output_shows_its_usage_in_the_log_of_the_run(api, instance):
    @dg.op(out={})
    def say():
        ask()

    @dg.job
    def speech():
        say()

    ran = execute(instance, speech)

    assert ran.outcomes == [("engine", "say", 1, "op say")]
    assert summed(ran.shown) == billed(api.bill)


def test_a_call_after_the_output_of_an_op_shows_in_the_log_of_the_run(api, instance):
    @dg.op
    def poem():
        yield dg.Output(ask("One."))
        ask("Two.")

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.outcomes == [("output", "poem", 1, None), ("engine", "poem", 1, "after the output")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_op_that_fails_shows_its_usage_in_the_log_of_the_run(api, instance):
    @dg.op
    def poem():
        ask()
        message = "no"
        raise RuntimeError(message)

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert not ran.result.success
    assert ran.outcomes == [("engine", "poem", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_op_that_names_an_output_wrongly_still_shows_its_usage(api, instance):
    @dg.op
    def poem():
        yield dg.Output(ask(), output_name="nowhere")

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert not ran.result.success
    assert ran.outcomes == [("engine", "poem", 1, "failed attempt 1")]
    assert summed(ran.shown) == billed(api.bill)


def test_an_async_op_shows_its_usage(api, instance):
    @dg.op
    async def poem():
        return await ask_async()

    @dg.job
    def poems():
        poem()

    ran = execute(instance, poems)

    assert ran.places == [("output", "poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_ops_inside_a_nested_graph_show_their_usage(api, instance):
    @dg.op
    def poem():
        return ask()

    @dg.graph
    def inner():
        return poem()

    @dg.job
    def poems():
        inner()

    ran = execute(instance, poems)

    assert ran.places == [("output", "inner.poem", 1)]
    assert summed(ran.shown) == billed(api.bill)


def test_the_last_op_of_a_graph_asset_shows_on_the_materialization_and_the_others_as_observations(
    api, instance
):
    @dg.op
    def draft():
        return ask("Draft.")

    @dg.op
    def polish(text: str):
        ask(text)
        return ask(text)

    @dg.graph_asset
    def poem():
        return polish(draft())

    ran = materialize(instance, poem)

    assert ran.outcomes == [
        ("observation", "poem", 1, "op draft"),
        ("materialization", "poem", 2, None),
    ]
    assert summed(ran.shown) == billed(api.bill)


def test_a_graph_of_several_assets_counts_each_token_once(api, instance):
    @dg.op
    def draft():
        return ask("Draft.")

    @dg.op
    def shorten(text: str):
        return ask(text)

    @dg.op
    def lengthen(text: str):
        return ask(text)

    @dg.graph_multi_asset(outs={"short": dg.AssetOut(), "long": dg.AssetOut()})
    def poems():
        text = draft()
        return {"short": shorten(text), "long": lengthen(text)}

    ran = materialize(instance, poems)

    assert sorted(event.kind for event in ran.shown) == ["materialization"] * 2 + ["observation"] * 2
    assert summed(ran.shown) == billed(api.bill)
