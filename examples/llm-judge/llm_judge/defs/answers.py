import dagster as dg
import openai
from pydantic import BaseModel, Field

QUESTION = "What is the capital of Norway?"
GOOD = 4


class Verdict(BaseModel):
    """What the judge says."""

    score: int = Field(ge=1, le=5)
    reason: str


@dg.asset
def answer() -> str:
    """The answer of a small model."""
    with openai.OpenAI() as client:
        return client.responses.create(model="gpt-5-nano", input=QUESTION).output_text


@dg.asset_check(asset=answer)
def is_right(answer: str) -> dg.AssetCheckResult:
    """A larger model judges it. What the judging cost is on the check, not on the asset."""
    with openai.OpenAI() as client:
        judged = client.chat.completions.parse(
            model="gpt-5",
            messages=[{"role": "user", "content": f"Rate from 1 to 5.\n{QUESTION}\n{answer}"}],
            response_format=Verdict,
        )
    verdict = judged.choices[0].message.parsed
    assert verdict is not None
    return dg.AssetCheckResult(
        passed=verdict.score >= GOOD,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"score": verdict.score, "reason": verdict.reason},
    )
