"""Beside other libraries usage is exact, their provider stays, and spans are neither doubled nor lost."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dagster_openai_otel.testing import FakeOpenAI
from tests.export.collector import attributes, collecting
from tests.processes import ROOT

pytestmark = pytest.mark.slow

_LAUNCHER = Path(sys.executable).with_name("opentelemetry-instrument")
_RUN = "from tests.beside.work import run; run()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another library, as its users begin it."""

    code: str
    provider: str
    """Module of the provider that there is then."""
    launched: bool = False
    """By `opentelemetry-instrument`."""
    shows_requests: bool = True
    """Whether it lets the library's own request spans through."""


OTHERS = {
    "nothing": Other(
        code=f"from dagster_openai_otel import instrument; instrument(); {_RUN}", provider="opentelemetry."
    ),
    "logfire": Other(
        code=f"""
            import logfire
            from dagster_openai_otel import instrument
            instrument(call_spans="off")
            logfire.configure(send_to_logfire=False, console=False)
            logfire.instrument_openai()
            {_RUN}
        """,
        provider="logfire.",
        shows_requests=False,
    ),
    "langfuse": Other(
        code=f"""
            import os
            from langfuse import Langfuse
            from dagster_openai_otel import instrument
            instrument()
            langfuse = Langfuse(
                public_key="pk-lf-x", secret_key="sk-lf-x", should_export_span=lambda span: True,
                host=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
            )
            {_RUN}
            langfuse.flush()
        """,
        provider="opentelemetry.",
    ),
    "phoenix": Other(
        code=f"""
            import os
            from phoenix.otel import register
            from dagster_openai_otel import instrument
            instrument()
            register(
                endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", protocol="http/protobuf",
                batch=True, verbose=False,
            )
            {_RUN}
        """,
        provider="phoenix.",
    ),
    "traceloop": Other(
        code=f"""
            import os
            from traceloop.sdk import Traceloop
            from dagster_openai_otel import instrument
            instrument()
            Traceloop.init(app_name="x", api_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"])
            {_RUN}
        """,
        provider="opentelemetry.",
    ),
    "dagster-otel": Other(
        code="""
            from dagster_otel import traced
            from dagster_openai_otel import instrument
            instrument()
            from tests.beside.work import run
            run(traced())
        """,
        provider="opentelemetry.",
    ),
    "opentelemetry-instrument": Other(code=_RUN, provider="opentelemetry.", launched=True),
}


def _played(other: Other, api: FakeOpenAI) -> tuple[dict[str, Any], list[Any]]:
    """What a process beside another library tells, and the spans that it exported."""
    command = [str(_LAUNCHER)] if other.launched else []
    with collecting() as collector:
        done = subprocess.run(  # noqa: S603  # the code is the test's own
            [*command, sys.executable, "-c", dedent(other.code)],
            cwd=ROOT,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_METRICS_EXPORTER": "none",
                "OTEL_LOGS_EXPORTER": "none",
                "TRACELOOP_TRACE_CONTENT": "false",
            }
            | dict(api.environment),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    (told,) = (line for line in done.stdout.splitlines() if line.startswith("TOLD "))
    collector.bodies = [
        body for body, path in zip(collector.bodies, collector.paths, strict=True) if "traces" in path
    ]
    return json.loads(told.removeprefix("TOLD ")), collector.spans


@pytest.mark.parametrize("name", OTHERS)
def test_beside_another_library_all_is_counted_and_every_span_has_its_place(name: str):
    other = OTHERS[name]
    with FakeOpenAI() as api:
        told, spans = _played(other, api)
        billed, calls = api.bill.usage.total_tokens, len(api.bill.calls)

    assert (told["success"], told["stays"]) == (True, True)
    assert (told["tokens"], told["calls"]) == (billed, calls)
    assert told["provider"].startswith(other.provider)
    ids = [span.span_id for span in spans]
    assert len(set(ids)) == len(ids)
    assert [span.name for span in spans if span.parent_span_id and span.parent_span_id not in ids] == []
    names = Counter(span.name for span in spans)
    assert [names[span] for span in ("step first", "step second")] == [1, 1]
    if other.shows_requests:
        requests = [span for span in spans if "openai.usage.total_tokens" in attributes(span)]
        assert len(requests) == calls
        # a backend that adds these up counts each once
        genai = [attributes(span).get("gen_ai.usage.input_tokens") for span in spans]
        assert len([tokens for tokens in genai if tokens is not None]) == calls
