import dagster as dg
import openai
from opentelemetry import trace

tracer = trace.get_tracer(__name__)


@dg.asset
def report() -> str:
    """Spans of one's own: the step's span is round them, the request's span inside."""
    with openai.OpenAI() as client:
        with tracer.start_as_current_span("outline") as span:
            outline = client.responses.create(model="gpt-5-nano", input="Outline a report.").output_text
            span.set_attribute("outline.characters", len(outline))
        with tracer.start_as_current_span("write"):
            return client.responses.create(model="gpt-5-mini", input=f"Write it:\n{outline}").output_text
