"""Turns a request and the answer chosen for it into a reply."""

import re
from collections.abc import Sequence

from dagster_openai_otel.testing.answers import Answer, Request
from dagster_openai_otel.testing.billing import BilledCall
from dagster_openai_otel.testing.exchange import Exchange
from dagster_openai_otel.testing.forms import Form, read_form
from dagster_openai_otel.testing.replies import Event, Plain, Reply, Streamed, failure, refused
from dagster_openai_otel.testing.routes import Match, match
from dagster_openai_otel.testing.stored import Store
from dagster_openai_otel.testing.token_counts import used
from dagster_openai_otel.usage import FIELDS

_FIRST_ERROR = 400


def reply_to(request: Request, answer: Answer, store: Store, *, has_key: bool) -> Reply:
    """The reply: what the answer serves verbatim, its error, the request's fault, or the endpoint's."""
    matched = match(request.method, request.path)
    form = read_form(request.headers.get("content-type", ""), request.body)
    exchange = Exchange(
        request=request,
        answer=answer,
        endpoint=matched.name,
        body=request.json if isinstance(request.json, dict) else (form or Form()).fields,
        parameters=matched.parameters,
        deployment=matched.deployment,
        azure=matched.azure,
        store=store,
        files=(form or Form()).files,
    )
    if answer.raw is not None:
        return _verbatim(exchange, answer.raw)
    if answer.status >= _FIRST_ERROR:
        return failure(answer.status, answer)
    fault = _fault(exchange, matched, has_key=has_key)
    if fault is not None or matched.route is None:
        return fault or refused(404, _unknown_url(request))
    if answer.malformed:
        body = b'{"id":"' + exchange.identifier("broken-").encode()
        return Plain(body=body, charge=_scripted_charge(exchange))
    return matched.route.endpoint(exchange)


def _fault(exchange: Exchange, matched: Match, *, has_key: bool) -> Plain | None:
    """The error that the request itself is to blame for, if any."""
    request, route = exchange.request, matched.route
    if not has_key:
        message = "You didn't provide an API key."
        return refused(401, message, code="invalid_api_key")
    if route is None or route.needs == "nothing":
        return None
    if route.needs == "form":
        is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
        return None if is_form else refused(400, "The request is no form.")
    if not isinstance(request.json, dict):
        return refused(400, "We could not parse the JSON body of your request.")
    if route.needs == "model" and not exchange.asked_model:
        return refused(400, "you must provide a model parameter", param="model")
    return None


def _unknown_url(request: Request) -> str:
    return f"Invalid URL ({request.method} {request.path})"


def _verbatim(exchange: Exchange, raw: tuple[str, bytes]) -> Reply:
    """The raw answer; billed, and taken to report its usage, only as the test says."""
    content_type, body = raw
    charge = _scripted_charge(exchange)
    reports = b'"usage"' in body and not exchange.answer.omit_usage
    status = exchange.answer.status
    if content_type.startswith("text/event-stream") and status < _FIRST_ERROR:
        return Streamed(events=_split(body, reports=reports), charge=charge)
    return Plain(status=status, body=body, content_type=content_type, charge=charge, reports_usage=reports)


def _scripted_charge(exchange: Exchange) -> BilledCall | None:
    usage = exchange.answer.usage
    if usage is None or exchange.answer.status >= _FIRST_ERROR:
        return None
    tier = exchange.service_tier
    return exchange.charge(used(exchange, usage, FIELDS), tier=tier, response_id=None)


def _split(body: bytes, *, reports: bool) -> Sequence[Event]:
    """The events of a recorded stream; the last one that mentions usage is the one that reports it."""
    parts = [part for part in re.findall(rb".*?(?:\r?\n\r?\n|\Z)", body, re.DOTALL) if part]
    mentions = [number for number, part in enumerate(parts) if b'"usage"' in part]
    last = mentions[-1] if mentions and reports else None
    return [Event(data=part, reports_usage=number == last) for number, part in enumerate(parts)]
