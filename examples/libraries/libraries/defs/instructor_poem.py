import dagster as dg
import instructor
import openai
from pydantic import BaseModel


class Poem(BaseModel):
    """A poem."""

    title: str
    lines: list[str]


@dg.asset
def instructor_poem() -> str:
    """Asked through instructor: what an answer that did not fit cost is counted too."""
    with openai.OpenAI() as client:
        poem = instructor.from_openai(client).chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "A poem of two lines."}],
            response_model=Poem,
        )
    return poem.title
