"""Reads multipart forms, which is how files are uploaded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster_openai_otel.testing.answers import Json

_BOUNDARY = re.compile(r'multipart/form-data;.*boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded file."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: fields of text, and files."""

    fields: Mapping[str, Json] = field(default_factory=dict)
    """Text by name of the field; of a name that repeats, the last."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Files by name of the field, `[]` at its end left out; of a name that repeats, the last."""


def read_form(content_type: str, body: bytes) -> Form | None:
    """Read a form; `None` where the content type says that it is none.

    Args:
        content_type: As the header says it.
        body: As it came.
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        return None
    fields: dict[str, Json] = {}
    files: dict[str, File] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1"))[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, filename = _NAME.search(head), _FILENAME.search(head)
        field_name = "" if name is None else name[1].decode().removesuffix("[]")
        if filename is None:
            fields[field_name] = content.decode()
        else:
            files[field_name] = File(name=filename[1].decode(), content=content)
    return Form(fields=fields, files=files)
