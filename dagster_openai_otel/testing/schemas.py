"""Makes an object that fits a JSON schema, always the same one."""

import math
from collections.abc import Mapping, Sequence

from dagster_openai_otel.testing.answers import Json

_FORMATS: Mapping[str, str] = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
    "uri": "http://example.com/",
}
_DEEPEST = 6


def example(schema: Mapping[str, Json]) -> Json:
    """The example of a schema as structured output allows it.

    Enums give their first member, unions their first member that is not null, arrays one item (none
    where a schema refers to itself too deeply), numbers and strings a fixed value within their bounds.
    Patterns and conditions are not looked at.
    """
    return _example(schema, schema, 0)


def _example(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> Json:
    if "$ref" in schema:
        return _example(_resolved(schema["$ref"], root), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return _example(_preferred(schema[union], depth), root, depth + 1)
    return _typed(schema, root, depth)


def _resolved(reference: str, root: Mapping[str, Json]) -> Json:
    """What a reference such as `#/$defs/Step` points to."""
    target: Json = root
    for step in reference.removeprefix("#").split("/")[1:]:
        target = target[step.replace("~1", "/").replace("~0", "~")]
    return target


def _preferred(members: Sequence[Json], depth: int) -> Json:
    """The first member of a union that is not null; null, where the schema repeats itself deeply."""
    nulls = [member for member in members if member.get("type") == "null"]
    if nulls and depth > _DEEPEST:
        return nulls[0]
    return next((member for member in members if member not in nulls), members[0])


def _typed(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> Json:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    match kind:
        case "object":
            properties = schema.get("properties", {})
            return {name: _example(part, root, depth + 1) for name, part in properties.items()}
        case "array":
            count = max(schema.get("minItems", 0), 0 if depth > _DEEPEST else 1)
            items = schema.get("prefixItems") or [schema.get("items") or {}] * count
            return [_example(item, root, depth + 1) for item in items]
        case "integer" | "number":
            return _number(kind, schema)
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "text")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
        case _:
            return True if kind == "boolean" else None


def _number(kind: str, schema: Mapping[str, Json]) -> float:
    """The first plain number within the bounds; 1 or 1.5 when the bounds leave the choice."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf")
    candidates: list[float] = [1 if kind == "integer" else 1.5]
    if step is not None:
        lowest = math.ceil((low or 0) / step)
        candidates += [lowest * step, (lowest + 1) * step]
    if low is not None:
        candidates += [low, low + 1]
    if high is not None:
        candidates += [high, high - 1]
    if low is not None and high is not None:
        candidates.append((low + high) / 2)
    fitting = (value for value in candidates if _fits(value, schema))
    return next(fitting, candidates[0])


def _fits(value: float, schema: Mapping[str, Json]) -> bool:
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and ("multipleOf" not in schema or value % schema["multipleOf"] == 0)
    )
