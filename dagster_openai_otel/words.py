"""Counts and dollars in words."""

from dagster_openai_otel.tally import Sums


def phrase(sums: Sums) -> str:
    """Calls, tokens and dollars in words: `7 calls, 3,412 tokens, $0.002100`."""
    words = [count(sums.calls, "call"), count(sums.usage.total_tokens, "token")]
    if sums.cost_usd is not None:
        words.append(f"${sums.cost_usd:.6f}")
    return ", ".join(words)


def count(number: int, noun: str) -> str:
    """A number and what it counts: `1 call`, `1,200 calls`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
