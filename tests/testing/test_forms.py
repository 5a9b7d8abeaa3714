"""Reading multipart forms."""

from hypothesis import given, strategies as st

from dagster_openai_otel.testing.forms import File, Form, read_form

BOUNDARY = "d8a2f0c4"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def written(fields, files):
    """A form as it goes over the wire."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [
        f'name="{name}"; filename="{file.name}"\r\ncontent-type: audio/wav\r\n\r\n'.encode() + file.content
        for name, file in files.items()
    ]
    body = b"".join(
        f"--{BOUNDARY}\r\ncontent-disposition: form-data; ".encode() + part + b"\r\n" for part in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode()


@given(
    fields=st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text("ab\r\n-é", max_size=9)),
    content=st.binary(max_size=300),
)
def test_what_is_written_is_read(fields, content):
    files = {"file": File(name="a.wav", content=content)}
    assert read_form(KIND, written(fields, files)) == Form(fields=fields, files=files)


def test_bytes_that_look_like_lines_of_the_form_belong_to_the_file():
    content = bytes(range(256)) + b"\r\n--\r\n\r\n\n--" + BOUNDARY.encode()
    files = {"image": File(name="a.png", content=content)}
    assert read_form(KIND, written({}, files)) == Form(files=files)


def test_a_list_of_files_has_the_name_of_its_field():
    files = {"image[]": File(name="a.png", content=b"PNG")}
    assert read_form(KIND, written({}, files)) == Form(files={"image": files["image[]"]})


def test_json_is_no_form():
    assert read_form("application/json", b"{}") is None
