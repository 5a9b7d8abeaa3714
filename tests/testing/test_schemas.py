"""Examples of JSON schemas, checked by the pydantic models that the schemas come from."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field, create_model

from dagster_openai_otel.testing.schemas import example


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Step(BaseModel):
    text: str
    next: "Step | None"


class Tree(BaseModel):
    name: str
    children: "list[Tree]"


class Everything(BaseModel):
    text: str
    count: int
    share: float
    flag: bool
    nothing: None
    color: Color
    kind: Literal["a", "b"]
    constant: Literal[7]
    maybe: int | None
    first: Step
    steps: list[Step]
    many: Annotated[list[int], Field(min_length=3)]
    pair: tuple[int, str]
    when: datetime
    day: date
    key: UUID
    long: Annotated[str, Field(min_length=9)]
    short: Annotated[str, Field(max_length=2)]


@pytest.mark.parametrize("model", [Everything, Step, Tree])
def test_the_example_fits_the_schema_of_a_model(model):
    made = example(model.model_json_schema())
    assert model.model_validate(made).model_dump(mode="json") == made


def test_an_enum_gives_its_first_member_and_a_union_its_first_that_is_not_null():
    made = example(Everything.model_json_schema())
    assert (made["color"], made["kind"], made["constant"], made["maybe"]) == ("red", "a", 7, 1)


def test_a_list_of_types_gives_the_first_that_is_not_null():
    assert example({"type": ["null", "integer"]}) == 1


def test_a_schema_that_says_nothing_of_the_type_gives_text():
    assert example({}) == "text"


@given(st.integers(-100, 100), st.integers(2, 50), st.booleans())
def test_an_integer_keeps_within_its_bounds(low, span, exclusive):
    bounds = {"gt": low, "lt": low + span} if exclusive else {"ge": low, "le": low + span}
    model = create_model("Bounded", value=(Annotated[int, Field(**bounds)], ...))
    model.model_validate(example(model.model_json_schema()))


@given(st.floats(-100, 100), st.floats(0.01, 50), st.booleans())
def test_a_number_keeps_within_its_bounds(low, span, exclusive):
    bounds = {"gt": low, "lt": low + span} if exclusive else {"ge": low, "le": low + span}
    model = create_model("Bounded", value=(Annotated[float, Field(**bounds)], ...))
    model.model_validate(example(model.model_json_schema()))


@given(st.integers(1, 20), st.integers(-100, 100))
def test_a_multiple_is_one(step, low):
    model = create_model("Multiple", value=(Annotated[int, Field(multiple_of=step, ge=low)], ...))
    model.model_validate(example(model.model_json_schema()))
