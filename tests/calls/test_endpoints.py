"""Which endpoint a request goes to, however its URL is written."""

import pytest
from hypothesis import given, strategies as st

from dagster_openai_otel.calls.endpoints import ENDPOINTS, endpoint_of

KEY = "resp_68a1f0c2d3e4"
BEFORE = [
    "",
    "https://api.openai.com/v1",
    "http://127.0.0.1:4000",
    "https://x.openai.azure.com/openai/v1",
    "https://x.openai.azure.com/openai/deployments/my-gpt-5",
    "/openai/deployments/my-gpt-5",
    "/deployments/my-gpt-5",
    "/openai/v1",
    "/openai",
    "/v1",
]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.template}")
def test_an_endpoint_is_known_by_its_path_whatever_stands_before_it(endpoint):
    urls = [before + endpoint.template.replace("{id}", KEY) for before in BEFORE]
    assert [endpoint_of(endpoint.method.lower(), url) for url in urls] == [endpoint] * len(urls)


@pytest.mark.parametrize("after", ["/", "?", "?api-version=2025-03-01-preview", "/?a=/b"])
def test_an_endpoint_is_known_whatever_stands_behind_its_path(after):
    assert endpoint_of("POST", f"/chat/completions{after}").template == "/chat/completions"


@pytest.mark.parametrize(
    "url", ["chat/completions", "deployments/my-gpt-5/chat/completions", "v1/chat/completions"]
)
def test_a_path_may_lack_its_first_slash(url):
    assert endpoint_of("post", url).template == "/chat/completions"


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_method_and_url_are_some_endpoint(method, url):
    endpoint = endpoint_of(method, url)
    assert endpoint.template.startswith("/")
    assert endpoint.bills is (endpoint in ENDPOINTS and endpoint.bills)


@given(st.sampled_from(["file-", "resp_", "batch_", "vs_", "ftjob-"]), st.uuids(version=4))
def test_a_path_of_a_free_endpoint_holds_no_id(prefix, number):
    key = prefix + number.hex
    assert endpoint_of("get", f"/files/{key}/content").template == "/files/{id}/content"
    assert (
        endpoint_of("delete", f"/vector_stores/{key}/files/{key}").template
        == "/vector_stores/{id}/files/{id}"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/models",
        "/files",
        "/moderations",
        "/fine_tuning/jobs",
        "/vector_stores",
        "/conversations",
        "/evals",
        "/uploads",
    ],
)
def test_a_free_endpoint_is_named_by_its_path(path):
    endpoint = endpoint_of("post", path)
    assert (endpoint.template, endpoint.bills) == (path, False)


@pytest.mark.parametrize("model", ["gpt-5-mini", "o1", "o3", "gpt-4", "gpt-4o", "ft:gpt-4o-mini:acme::abc"])
def test_a_model_is_no_part_of_an_endpoints_name(model):
    assert endpoint_of("get", f"/models/{model}").template == "/models/{id}"
