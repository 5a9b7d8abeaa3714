"""`python -m dagster_openai_otel.testing`: the stand-in for the API, until Ctrl-C, and then its bill."""

import signal
import sys
import threading

from dagster_openai_otel.testing.server import FakeOpenAI


def main() -> int:
    """Serve, and tell where.

    Returns:
        The exit status, 0.
    """
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    with FakeOpenAI() as api:
        for variable, value in api.environment.items():
            sys.stdout.write(f"export {variable}={value}\n")
        sys.stdout.flush()
        sys.stderr.write("The stand-in for the OpenAI API answers there until Ctrl-C.\n")
        ended.wait()
        bill = api.bill
    tokens, cost = bill.usage.total_tokens, bill.cost_usd
    sys.stderr.write(f"\nBilled: {len(bill.calls)} calls, {tokens:,} tokens, ${cost:.6f}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
