import dagster as dg
import openai

REVIEWS = [
    "The kettle boils in a minute and has not leaked once.",
    "Arrived with a dent. The lid does not close.",
]


@dg.asset
def reviews() -> list[str]:
    """What customers wrote."""
    return REVIEWS


@dg.asset
def summary(reviews: list[str]) -> str:
    """One sentence about all of them. What it used and cost is on its materialization."""
    with openai.OpenAI() as client:
        answer = client.responses.create(
            model="gpt-5-mini",
            instructions="Summarize the reviews in one sentence.",
            input="\n".join(reviews),
        )
    return answer.output_text
