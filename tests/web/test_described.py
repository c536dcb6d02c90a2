"""What describes the service, held against the service: documents, examples, answers and frames."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema.exceptions import best_match
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from starlette.routing import Route, WebSocketRoute

from tests.service import Service
from tests.web.test_pages import Page
from ticker.dispatch import Draft
from ticker.web.app import OPERATIONS, ROUTES
from ticker.web.described import asyncapi, bodies, openapi

GOLDEN = [case["frame"] for case in json.loads((Path(__file__).parents[1] / "golden/frames.json").read_text("utf-8"))]
DOCUMENT = openapi.document(OPERATIONS)
LIVE = asyncapi.document("http://ticker.example")
SCHEMAS = DOCUMENT["components"]["schemas"]
BODIES = sorted({operation.body for operation in OPERATIONS if operation.body}, key=lambda body: body.__name__)
EVERY = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
FEED, DISPATCHES = "/v1/feeds/{feed}", "/v1/feeds/{feed}/dispatches"
LINE, HELD = DISPATCHES + "/{id}", FEED + "/held/{id}"


def parts(method: str, path: str) -> set[str]:
    """What is said of a request."""
    return set(DOCUMENT["paths"][path][method])


def closed(part: Any) -> Any:
    """The same schema, but no object may have a member that is not described. Clients ignore those; tests do not."""
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    shut = {name: closed(value) for name, value in part.items()}
    if isinstance(shut.get("properties"), dict) and "type" in shut:
        shut["additionalProperties"] = False
    return shut


CLOSED = {name: closed(schema) for name, schema in SCHEMAS.items()}
LIVE_CLOSED = {name: closed(schema) for name, schema in LIVE["components"]["schemas"].items()}


def check(value: Any, schema: Any, shapes: dict[str, Any], kind: Any = jsonschema.Draft202012Validator) -> None:
    """Check a value against a schema, closed, that refers to shapes; report in a sentence what does not fit."""
    whole = {**closed(schema), "components": {"schemas": shapes}}
    fault = best_match(kind(whole, format_checker=jsonschema.FormatChecker()).iter_errors(value))
    assert fault is None, f"{fault.json_path}: {fault.message}"


def shaped(name: str, value: Any) -> None:
    """Check that a value is of a shape."""
    check(value, {"$ref": f"#/components/schemas/{name}"}, CLOSED)


def resolved(part: Any, document: Any) -> Any:
    """What a reference leads to, or the part itself."""
    while "$ref" in part:
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def references(part: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


# The documents


def test_the_requests_are_described_in_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    OPENAPI_31_VALIDATOR.validate(DOCUMENT)
    slip = {**DOCUMENT, "info": {}}
    assert not OPENAPI_31_VALIDATOR.is_valid(slip)  # or its yes above would mean little


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_what_is_described_is_what_there_is() -> None:
    routed = set()
    for route in ROUTES:
        assert isinstance(route, Route | WebSocketRoute)
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else {"GET"}
        routed |= {(method, route.path) for method in methods}
    described = [(operation.method, operation.path) for operation in OPERATIONS]
    assert len(described) == len(set(described))
    assert set(described) == routed
    assert {(method.upper(), path) for method, path in EVERY} == routed


@pytest.mark.parametrize("document", [DOCUMENT, LIVE], ids=["openapi", "asyncapi"])
def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        assert resolved({"$ref": reference}, document)


def test_nothing_is_described_that_nobody_refers_to() -> None:
    used = set(references(DOCUMENT))
    kinds = {kind: set(DOCUMENT["components"][kind]) for kind in ("schemas", "responses", "parameters", "headers")}
    unused = {f"#/components/{kind}/{name}" for kind, names in kinds.items() for name in names} - used
    assert unused == set()


def test_ids_of_operations_are_unlike_each_other() -> None:
    ids = [DOCUMENT["paths"][path][method]["operationId"] for method, path in EVERY]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_every_parameter_of_a_path_is_described_and_no_other(method: str, path: str) -> None:
    parameters = [resolved(each, DOCUMENT) for each in DOCUMENT["paths"][path][method].get("parameters", [])]
    assert [each["name"] for each in parameters if each["in"] == "path"] == re.findall(r"{(\w+)}", path)


def examples(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every schema of the document that has an example beside it, with that example."""
    if isinstance(part, list):
        for each in part:
            yield from examples(each)
    elif isinstance(part, dict):
        if "schema" in part:
            shown = [part["example"]] if "example" in part else []
            shown += [resolved(each, DOCUMENT)["value"] for each in part.get("examples", {}).values()]
            yield from ((part["schema"], example) for example in shown)
        for each in part.values():
            yield from examples(each)


def test_every_example_is_of_its_schema() -> None:
    every = list(examples(DOCUMENT))
    assert len(every) > 80
    for schema, example in every:
        check(example, schema, CLOSED)
    for name, schema in SCHEMAS.items():
        for example in schema.get("examples", []):
            shaped(name, example)


def test_every_body_and_every_response_in_json_has_an_example() -> None:
    for method, path in EVERY:
        operation = DOCUMENT["paths"][path][method]
        told = [resolved(response, DOCUMENT) for response in operation["responses"].values()]
        told += [operation["requestBody"]] if "requestBody" in operation else []
        for part in told:
            for media_type, content in part.get("content", {}).items():
                if "json" in media_type and operation["tags"] != ["Documents"]:
                    assert "example" in content or content["examples"], (method, path)


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_the_example_of_a_body_is_one(model: Any) -> None:
    model.model_validate(model.example())


def test_a_check_that_no_rule_describes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "RULES", {})
    with pytest.raises(LookupError, match="no rule describes"):
        bodies.schema.__wrapped__(Draft)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Draft", {"text": "two\nlines"}),
        ("Draft", {"text": "   "}),
        ("Draft", {"text": "a", "link": "javascript:alert(1)"}),
        ("Draft", {"text": "a", "link": "https://"}),
        ("Draft", {"text": "a", "link": "https://news.example/\u202etxt.exe"}),
        ("Draft", {"text": "a", "link": "https://news.example:0/"}),
        ("Draft", {"text": "a", "link": "https://news.example:65536/"}),
        ("Draft", {"text": "a", "link": "https://news.example\u2100.example/"}),
        ("Draft", {"text": "a", "story": "No Slug"}),
        ("Draft", {"text": "a", "language": "english language"}),
        ("Draft", {"text": "a", "edition_of": "no-id"}),
        ("Draft", {"text": "a", "colour": "red"}),
        ("Correction", {}),
        ("Correction", {"text": None}),
        ("Correction", {"urgency": None}),
        ("FeedPlan", {"name": "Sports"}),
        ("KeyPlan", {"name": "Lena Ortiz", "role": "owner"}),
        ("AirSwitch", {"on": "yes"}),
        ("AirSwitch", {"on": True, "url": "https://news.example/\u200b"}),
        ("ReadersReport", {"relay": "a1", "watching": {"Sports": 1}}),
        ("ReadersReport", {"relay": "a1", "watching": {"sports": "many"}}),
    ],
)
def test_a_schema_refuses_what_the_service_refuses(service: Service, name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=r"^\$"):
        shaped(name, wrong)
    filed = service.file("breaking", "a line to be corrected")
    method, path = {
        "Draft": ("POST", "/v1/feeds/breaking/dispatches"),
        "Correction": ("PATCH", f"/v1/feeds/breaking/dispatches/{filed['id']}"),
        "FeedPlan": ("POST", "/v1/feeds"),
        "KeyPlan": ("POST", "/v1/keys"),
        "AirSwitch": ("PUT", "/v1/feeds/breaking/air"),
        "ReadersReport": ("POST", "/v1/relay/readers"),
    }[name]
    answer = service.http.request(method, path, json=wrong, headers={"if-match": "*"})
    assert answer.status_code == 422, answer.text


def test_the_characters_that_no_host_may_have_are_those_that_normalise_to_a_delimiter() -> None:
    change = [chr(code) for code in range(sys.maxunicode + 1) if chr(code) not in "/?#@:"]
    change = [each for each in change if set(unicodedata.normalize("NFKC", each)) & set("/?#@:")]
    assert [
        chr(code) for code in range(sys.maxunicode + 1) if re.match(f"[{bodies.NOT_IN_HOSTS}]", chr(code))
    ] == change


@pytest.mark.parametrize(
    "link",
    [
        "https://مثال.example/خبر",
        "HTTP://news.example",
        "http://a@b.example:8080?q=1#top",
        "http://news.example:065535",
        "http://news.example:/",
    ],
)
def test_a_schema_takes_the_links_that_the_service_takes(service: Service, link: str) -> None:
    shaped("Draft", {"text": "a", "link": link})
    service.file("breaking", "a line with a link", link=link)


# As they are served


def test_the_documents_are_served_to_any_site(service: Service) -> None:
    for path, document in (
        ("/openapi.json", DOCUMENT),
        ("/asyncapi.json", asyncapi.document(f"http://127.0.0.1:{service.port}")),
    ):
        answer = service.http.get(path, headers={"origin": "https://elsewhere.example"})
        assert answer.json() == document
        assert answer.headers["content-type"] == "application/json"
        # The address in the second is that of the host which was asked: not for others who ask another one.
        whose = "public" if path == "/openapi.json" else "private"
        assert answer.headers["cache-control"] == f"{whose}, max-age=60"
        assert answer.headers["access-control-allow-origin"] == "*"


def test_the_page_shows_every_request_and_every_shape_and_asks_nobody_else(service: Service) -> None:
    answer = service.http.get("/docs")
    assert answer.status_code == 200
    page = Page(answer.text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {DOCUMENT["paths"][path][method]["operationId"] for method, path in EVERY} | set(SCHEMAS) < set(ids)
    links = [attributes["href"] for tag, attributes in page.tags if "href" in attributes]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert [link for link in links if not link.startswith(("#", "/"))] == []
    assert [
        tag for tag, attributes in page.tags if tag == "script" or "style" in attributes or "src" in attributes
    ] == []
    for link in links:
        if link.startswith("/"):
            assert service.http.get(link).status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]


# Requests as the document describes them, and as it does not


TOLD = schemathesis.openapi.from_dict(
    {**closed(DOCUMENT), "components": {**closed(DOCUMENT["components"]), "securitySchemes": {}}}
)
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""The status is described, and the answer is what is described for it."""


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def fresh(service: Service, feed: str) -> dict[str, str]:
    """What a path may name that exists: a feed, and in it a dispatch, a held dispatch, a story."""
    filed = service.file(feed, "a line", story="a-story", sections=["Politics"])
    held = service.file(feed, "a held line", release_at=tomorrow())
    return {"feed": feed, "dispatches": filed["id"], "held": held["id"], "story": "a-story"}


@pytest.fixture(scope="module")
def known(service: Service) -> dict[str, str]:
    return fresh(service, service.open_feed())


def apart(service: Service, known: dict[str, str], method: str, path: str) -> dict[str, str]:
    """A feed of its own for what changes a feed itself, and closes it."""
    return fresh(service, service.open_feed()) if path == FEED and method in ("patch", "delete") else known


def named(path: str, known: dict[str, str]) -> dict[str, str]:
    """Parameters for a path that lead to what is there."""
    kind = "held" if "/held/" in path else "dispatches"
    there = {"feed": known["feed"], "id": known[kind], "story": known["story"], "version": "0.1.0"}
    there |= {"id": "0" * 12} if "/keys/" in path else {}
    return {name: there[name] for name in re.findall(r"{(\w+)}", path)}


def beyond_any_schema(case: schemathesis.Case[Any], problem: dict[str, Any]) -> bool:
    """Whether what was refused is what no schema can say: times to come, what is open, what came before."""
    body: dict[str, Any] = dict(case.body) if isinstance(case.body, dict) else {}
    return bool(
        {"release_at", "edition_of", "timezone", "rehearsal"} & set(body)
        or ("*" in (body.get("origins") or []) and len(body["origins"]) > 1)
        # To JSON Schema 1.0 is an integer; the service wants it written as one.
        or any(isinstance(value, float) for value in [body.get("rate"), *(body.get("watching") or {}).values()])
        or problem["type"].endswith("idempotency-key-reused")
        or any("direction" in error["detail"] for error in problem.get("errors", []))  # controls come in pairs
        or any(error["detail"] == "is empty" and not str(body).isascii() for error in problem.get("errors", []))
    )


def ask(service: Service, known: dict[str, str], method: str, path: str, mode: schemathesis.GenerationMode) -> None:
    """Ask for many things at one address; each answer must be one of those described."""
    load_all_checks()
    operation = TOLD[path][method.upper()]

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def one(*, case: schemathesis.Case[Any], there: bool) -> None:
        if there and "{feed}" in path:
            case.path_parameters |= named(path, known)  # of these there is more to be said than 404
        answer = case.call(base_url=service.url, headers=service.authorization, timeout=30)
        case.validate_response(answer, checks=CHECKS)
        if mode is schemathesis.GenerationMode.POSITIVE and answer.status_code in (400, 422):
            assert beyond_any_schema(case, answer.json()), answer.text

    one()


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_a_request_as_described_gets_a_response_as_described(
    service: Service, known: dict[str, str], method: str, path: str
) -> None:
    ask(service, apart(service, known, method, path), method, path, schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path in EVERY if parts(method, path) & {"parameters", "requestBody"}],
)
def test_any_other_request_is_refused_as_described(
    service: Service, known: dict[str, str], method: str, path: str
) -> None:
    ask(service, apart(service, known, method, path), method, path, schemathesis.GenerationMode.NEGATIVE)


# Each refusal that is described can happen


def conforms(method: str, path: str, answer: httpx.Response) -> httpx.Response:
    """Check that an answer is one of those described for a route."""
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(answer.status_code) in responses, (method, path, answer.status_code, answer.text)
    response = resolved(responses[str(answer.status_code)], DOCUMENT)
    for name, reference in response.get("headers", {}).items():
        header = resolved(reference, DOCUMENT)
        assert name in answer.headers or not header.get("required"), (name, answer.headers)
        if name in answer.headers and header["schema"]["type"] == "string":
            check(answer.headers[name], header["schema"], CLOSED)
    if "content" not in response:
        assert answer.content == b""
        return answer
    content = response["content"][answer.headers["content-type"].partition(";")[0]]
    if "x-itemSchema" in content:
        for line in answer.text.splitlines():
            check(json.loads(line), content["x-itemSchema"], CLOSED)
    elif content["schema"] != {"type": "string"}:
        check(answer.json(), content["schema"], CLOSED)
    return answer


def body_of(method: str, path: str) -> Any:
    """The example of a route's body, if it has one."""
    operation = DOCUMENT["paths"][path][method]
    return operation["requestBody"]["content"]["application/json"]["example"] if "requestBody" in operation else None


def key_of(service: Service, **plan: Any) -> dict[str, str]:
    """The header of somebody who is given a key."""
    return {"authorization": f"Bearer {service.http.post('/v1/keys', json={'name': 'a hand', **plan}).json()['key']}"}


def session_of(service: Service) -> dict[str, str]:
    """The headers of a page whose reader has signed in."""
    ours = {"sec-fetch-site": "same-origin"}
    secret = key_of(service, role="editor")["authorization"].removeprefix("Bearer ")
    answer = httpx.post(f"{service.url}/desk/session", json={"key": secret}, headers=ours)
    assert answer.status_code == 201
    return ours | {"cookie": answer.headers["set-cookie"].partition(";")[0], "authorization": ""}


REFUSED = [
    (method, path, int(status))
    for method, path in EVERY
    for status in DOCUMENT["paths"][path][method]["responses"]
    if status in ("400", "401", "403", "404", "413", "422", "426", "428", "429")
    # This service lets pages of every site read.
    and (path.rpartition("/")[2], status) not in {("live", "403"), ("changes", "403")}
    and (method, path, status) != ("get", "/v1/feeds", "403")
]
"""The others stand in what desks live through below."""


@pytest.mark.parametrize(("method", "path", "status"), REFUSED)
def test_each_refusal_happens_as_described(
    service: Service, known: dict[str, str], method: str, path: str, status: int
) -> None:
    there, headers, query = named(path, fresh(service, known["feed"])), {**service.authorization, "if-match": "*"}, ""
    body = body_of(method, path)
    content = b"" if body is None else json.dumps(body).encode()
    match status:
        case 400 if path == "/asyncapi.json":
            headers["host"] = "no/host"
        case 400 if path.endswith("/live"):
            headers |= {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
            headers["sec-websocket-key"] = "short"
        case 400 if body is None:
            headers["idempotency-key"] = '""'
        case 400:
            content = b"[]"
        case 401 if (method, path) == ("delete", "/desk/session"):
            headers = session_of(service) | {"ticker-person": "somebody-else"}
        case 401:
            headers["authorization"] = ""
        case 403 if path.startswith("/desk/"):
            headers = {"cookie": "session=a", "sec-fetch-site": "cross-site", "authorization": ""}
        case 403 if "security" not in DOCUMENT["paths"][path][method]:
            there = named(path, fresh(service, service.open_feed()))
            service.http.patch(FEED.format(**there), json={"origins": ["https://news.example"]}).raise_for_status()
            headers["origin"] = "https://elsewhere.example"
        case 403:
            headers |= key_of(service, role="correspondent", feeds=["elsewhere"])
        case 404 if path in ("/embed", "/oembed"):
            query = "?feed=nowhere" if path == "/embed" else "?url=https://elsewhere.example/feeds/breaking"
        case 404:
            there = {name: "nowhere" if name != "id" else "0" * 12 for name in there}
        case 413:
            content = json.dumps({"text": "a" * 16 * 1024}).encode()
        case 422 if method == "get":
            query = "?limit=0&before=0"
        case 422 if body is None:
            headers["idempotency-key"] = "once"
            filed = service.http.post(f"/v1/feeds/{known['feed']}/dispatches", json={"text": "a"}, headers=headers)
            assert filed.status_code == 201
        case 422:
            content = b'{"nonsense": true}'
        case 428:
            del headers["if-match"]
        case 429:
            headers |= key_of(service, role="admin", rate=1)
            there = {name: "nowhere" if name != "id" else "0" * 12 for name in there}
    for _ in range(3 if status == 429 else 1):  # a minute may end between two of them
        answer = service.http.request(method, path.format(**there) + query, content=content, headers=headers)
        conforms(method, path, answer)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("path", [f"{FEED}/live", f"{FEED}/desk/live"])
def test_the_refusal_of_a_bad_handshake_is_described(service: Service, path: str) -> None:
    asks = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "short",
    }
    answer = service.http.get(path.format(feed=service.open_feed()), headers=asks)
    assert conforms("get", path, answer).json()["field"] == "Sec-WebSocket-Key"


# A life as it is described


class Desk:
    """Somebody with a key, whose every answer must be as described."""

    def __init__(self, service: Service, feed: str, key: str | None = None) -> None:
        self.service, self.feed = service, feed
        self.headers = service.authorization if key is None else {"authorization": f"Bearer {key}"}

    def asks(self, method: str, path: str, status: int, body: Any = None, id: str = "", **headers: str) -> Any:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        where = path.format(feed=self.feed, id=id, story="a-story")
        answer = conforms(
            method, path, self.service.http.request(method, where, json=body, headers=self.headers | told)
        )
        assert answer.status_code == status, answer.text
        is_json = "json" in answer.headers.get("content-type", "") and "ndjson" not in answer.headers["content-type"]
        return answer.json() if is_json else answer.text


def test_the_responses_of_a_feed_that_is_edited_and_closed_are_as_described(service: Service) -> None:
    name = service.open_feed()
    desk = Desk(service, name)
    filed, again = (
        desk.asks("POST", DISPATCHES, 201, {"text": text}) for text in ("Bridge closed", "Ferries run late")
    )
    held = desk.asks("POST", DISPATCHES, 201, {"text": "To come", "release_at": tomorrow()})
    desk.asks("PATCH", FEED, 200, {"timezone": "Asia/Beirut", "origins": ["https://news.example"]})
    desk.asks("DELETE", FEED, 200)
    desk.asks("GET", FEED, 200)
    desk.asks("GET", "/v1/feeds", 200)
    desk.asks("GET", FEED + "/live", 410)
    desk.asks("POST", DISPATCHES, 410, {"text": "Bridge open"})
    desk.asks("PATCH", LINE, 410, {"text": "Bridge open"}, id=filed["id"], if_match="*")
    desk.asks("POST", LINE + "/confirm", 410, id=filed["id"])
    desk.asks("PATCH", HELD, 410, {"text": "To come soon"}, id=held["id"], if_match="*")
    desk.asks("POST", HELD + "/release", 410, id=held["id"])
    desk.asks("PUT", FEED + "/pin", 410, {"id": filed["id"]})
    desk.asks("DELETE", FEED + "/pin", 410)
    desk.asks("PUT", FEED + "/air", 410, {"on": False})
    desk.asks("POST", LINE + "/kill", 200, {"reason": "It was wrong"}, id=again["id"])
    desk.asks("DELETE", HELD, 200, id=held["id"])
    desk.asks("PATCH", FEED, 200, {"closed": None})
    desk.asks("POST", DISPATCHES, 201, {"text": "Bridge open"})


def test_the_responses_of_a_whole_life_are_as_described(service: Service) -> None:
    name = service.open_feed()
    desk = Desk(service, name)
    filed = desk.asks("POST", DISPATCHES, 201, {"text": "Bridge closed to traffic", "source": "Harbour police"})
    again = desk.asks("POST", DISPATCHES, 201, {"text": "Bridge is closed to traffic", "story": "a-story"})
    assert [line["id"] for line in again["similar"]] == [filed["id"]]
    desk.asks("GET", LINE, 200, id=filed["id"])
    desk.asks("GET", LINE, 304, id=filed["id"], if_none_match='"1"')
    desk.asks("PATCH", LINE, 200, {"text": "Bridge open again", "note": "at noon"}, id=filed["id"], if_match='"1"')
    desk.asks("PATCH", LINE, 412, {"text": "Bridge open"}, id=filed["id"], if_match='"1"')
    assert len(desk.asks("GET", LINE, 200, id=filed["id"])["revisions"]) == 1
    desk.asks("PUT", FEED + "/pin", 200, {"id": filed["id"]})
    desk.asks("PUT", FEED + "/air", 200, {"on": True, "label": "Watch", "url": "https://news.example/live"})
    desk.asks("PUT", FEED + "/air", 200, {"on": False}, idempotency_key="off")
    desk.asks("PUT", FEED + "/air", 200, {"on": False}, idempotency_key="off")
    assert desk.asks("GET", FEED + "/labels", 200)["stories"] == [{"label": "a-story", "dispatches": 1}]
    desk.asks("POST", LINE + "/kill", 200, {"reason": "It was wrong"}, id=again["id"])
    desk.asks("POST", LINE + "/kill", 410, {"reason": "It was wrong"}, id=again["id"])
    desk.asks("PATCH", LINE, 410, {"text": "a"}, id=again["id"], if_match="*")
    desk.asks("POST", LINE + "/confirm", 410, id=again["id"])
    desk.asks("PUT", FEED + "/pin", 410, {"id": again["id"]})
    desk.asks("GET", LINE, 410, id=again["id"])
    desk.asks("GET", "/feeds/{feed}/{id}", 410, id=again["id"])
    desk.asks("GET", "/feeds/{feed}/{id}", 200, id=filed["id"])
    desk.asks("GET", "/feeds/{feed}/{id}", 404, id="0" * 12, accept="text/html")
    desk.asks("GET", LINE + "/receipt", 200, id=filed["id"])
    desk.asks("DELETE", FEED + "/pin", 200)
    snapshot = desk.asks("GET", FEED, 200)
    assert [line["status"] for line in snapshot["dispatches"]] == ["killed", "usable"]
    desk.asks("GET", FEED, 304, if_none_match=f'"{snapshot["position"]}"')
    first = desk.asks("GET", FEED + "/changes", 200)
    assert [frame["type"] for frame in first["frames"]] == ["snapshot"]
    told = service.http.get(f"/v1/feeds/{name}/changes?after={first['position']}")
    assert conforms("GET", FEED + "/changes", told).status_code == 204
    assert desk.asks("GET", FEED + "/labels", 200)["stories"] == [], "it went with the dispatch that was killed"
    desk.asks("GET", "/feeds/{feed}/stories/{story}", 200)
    desk.asks("GET", DISPATCHES, 200)
    page = service.http.get(f"/v1/feeds/{name}/dispatches?limit=1")
    assert "link" in conforms("GET", DISPATCHES, page).headers
    desk.asks("GET", "/v1/feeds", 200)
    audit = desk.asks("GET", FEED + "/audit", 200).splitlines()
    kinds = ["file", "file", "correct", "pin", "air", "air", "kill", "pin"]
    assert [json.loads(line)["kind"] for line in audit] == kinds


def test_the_responses_of_a_life_under_embargo_are_as_described(service: Service) -> None:
    desk = Desk(service, service.open_feed())
    ids = [
        desk.asks("POST", DISPATCHES, 201, {"text": text, "release_at": tomorrow()})["id"] for text in ("one", "two")
    ]
    desk.asks("GET", HELD, 200, id=ids[0])
    desk.asks("PATCH", HELD, 200, {"source": "Central bank"}, id=ids[0], if_match='"1"')
    desk.asks("PATCH", HELD, 412, {"source": "Central bank"}, id=ids[0], if_match='"1"')
    assert len(desk.asks("GET", FEED + "/held", 200)["held"]) == 2
    desk.asks("POST", HELD + "/release", 201, id=ids[0])
    desk.asks("DELETE", HELD, 200, {"reason": "It was put off"}, id=ids[1])
    for id in ids:
        desk.asks("GET", HELD, 200, id=id)
        desk.asks("POST", HELD + "/release", 409, id=id)
        desk.asks("PATCH", HELD, 409, {"text": "a"}, id=id, if_match="*")
        desk.asks("DELETE", HELD, 409, id=id)
    audit = [json.loads(line) for line in desk.asks("GET", FEED + "/audit", 200).splitlines()]
    assert sorted(line["kind"] for line in audit) == ["edit", "file", "hold", "hold", "release", "spike"]


def test_the_responses_of_a_life_of_keys_and_editions_are_as_described(service: Service) -> None:
    admin = Desk(service, service.open_feed())
    plan = {"name": admin.feed + "-ar", "language": "ar", "edition_of": admin.feed, "two_person_flash": True}
    admin.asks("POST", "/v1/feeds", 201, plan)
    admin.asks("POST", "/v1/feeds", 409, plan)
    service.until(lambda: service.http.get(f"/v1/feeds/{plan['name']}").status_code == 200)
    assert any(feed["editions"] for feed in admin.asks("GET", "/v1/feeds", 200)["feeds"])
    keys = [admin.asks("POST", "/v1/keys", 201, {"name": "a hand", "role": "correspondent"}) for _ in range(2)]
    first, second = (Desk(service, str(plan["name"]), key["key"]) for key in keys)
    original = service.file(admin.feed, "a line")
    told = {"text": "سطر", "urgency": "flash", "edition_of": f"{admin.feed}/{original['id']}"}
    flash = first.asks("POST", DISPATCHES, 201, told)
    assert "confirm_by" in flash
    first.asks("POST", LINE + "/confirm", 403, id=flash["id"])
    second.asks("PATCH", LINE, 403, {"text": "a"}, id=flash["id"], if_match="*")
    second.asks("POST", LINE + "/confirm", 200, id=flash["id"])
    second.asks("POST", LINE + "/confirm", 409, id=flash["id"])
    assert second.asks("GET", LINE, 200, id=flash["id"])["editions"]
    assert first.asks("POST", LINE + "/kill", 200, {"reason": "Wrong"}, id=flash["id"])["editions"]
    assert any(key["used"] for key in admin.asks("GET", "/v1/keys", 200)["keys"])
    admin.asks("DELETE", "/v1/keys/{id}", 204, id=keys[0]["id"])
    first.asks("GET", FEED + "/held", 401)
    for path in ("/healthz", "/readyz", "/metrics", "/", "/feeds/{feed}"):
        admin.asks("GET", path, 200)


# Frames


def message(frame: dict[str, Any]) -> str:
    """The name of the message that a frame is."""
    return f"desk-{frame['kind']}" if frame["type"] == "desk" else str(frame["type"])


def framed(frame: dict[str, Any]) -> str:
    """Check that a frame is as described, and return its type."""
    payload = LIVE["components"]["messages"][message(frame)]["payload"]
    check(frame, payload, LIVE_CLOSED, jsonschema.Draft7Validator)
    return str(frame["type"])


def test_the_frames_are_described_in_asyncapi_3() -> None:
    assert LIVE["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(LIVE["info"])
    assert all({"host", "protocol"} <= set(server) for server in LIVE["servers"].values())
    messages = LIVE["components"]["messages"]
    of_feed = [each for name, each in messages.items() if not name.startswith("desk-")]
    for name, operation_name, known in (("live", "follow", of_feed), ("desk", "followDesk", [*messages.values()])):
        channel, operation = LIVE["channels"][name], LIVE["operations"][operation_name]
        assert channel["address"] in {route.path for route in ROUTES if isinstance(route, WebSocketRoute)}
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
        assert operation["action"] == "receive"
        assert resolved(operation["channel"], LIVE) is channel
        assert [resolved(each, LIVE) for each in operation["messages"]] == known
        assert [resolved(each, LIVE) for each in channel["messages"].values()] == known
    assert (len(LIVE["channels"]), len(LIVE["operations"])) == (2, 2)
    for each in messages.values():
        jsonschema.Draft7Validator.check_schema(each["payload"])


@pytest.mark.parametrize("frame", GOLDEN, ids=[frame["type"] for frame in GOLDEN])
def test_every_golden_frame_is_described(frame: dict[str, Any]) -> None:
    framed(frame)


def test_every_type_of_frame_is_golden_and_its_example_is_one_of_them() -> None:
    messages = LIVE["components"]["messages"]
    assert {name for name in messages if not name.startswith("desk-")} == {frame["type"] for frame in GOLDEN}
    for name, described in messages.items():
        for example in described["examples"]:
            assert name.startswith("desk-") or example["payload"] in GOLDEN
            assert message(example["payload"]) == name
            framed(example["payload"])


@pytest.mark.parametrize("type", LIVE["components"]["messages"])
def test_a_frame_with_one_member_more_or_less_is_seen(type: str) -> None:
    (example,) = LIVE["components"]["messages"][type]["examples"]
    frame = example["payload"]
    with pytest.raises(AssertionError, match=r"^\$"):
        framed({**frame, "mood": "calm"})
    for name in frame.keys() - {"type", "kind"}:
        with pytest.raises(AssertionError, match=r"^\$"):
            framed({member: value for member, value in frame.items() if member != name})


def live_through(service: Service, feed: str) -> list[str]:
    """Make every change that readers are told of; return the frames that tell of them."""
    filed = service.file(feed, "a line", source="Somebody", sections=["Politics"], occurred="2026-03-11T14:09:40+03:00")
    line = f"/v1/feeds/{feed}/dispatches/{filed['id']}"
    service.http.patch(line, json={"text": "a better line", "note": "better"}, headers={"if-match": "*"})
    service.http.put(f"/v1/feeds/{feed}/pin", json={"id": filed["id"]})
    service.http.delete(f"/v1/feeds/{feed}/pin")
    service.http.put(f"/v1/feeds/{feed}/air", json={"on": False})
    service.http.post(f"{line}/kill", json={"reason": "It was wrong"})
    return ["dispatch", "dispatch", "pin", "pin", "air", "kill"]


def test_every_frame_of_a_life_is_as_described(tmp_path: Path) -> None:
    with (
        Service(tmp_path, drain="5", origins="https://news.example") as service,
        service.websocket("breaking") as reader,
    ):
        desk = Desk(service, "breaking")
        desk.asks("GET", FEED + "/live", 403, origin="https://elsewhere.example")

        def until(last: str) -> list[str]:
            seen: list[str] = []
            while not seen or seen[-1] != last:
                seen.append(framed(json.loads(reader.recv(timeout=60))))
            return seen

        assert until("beat") == ["snapshot", "beat"]
        expected = live_through(service, "breaking")
        assert [type for type in until("kill") if type != "beat"] == expected
        with service.frozen("valkey"):
            assert until("delayed")[-1] == "delayed"
            desk.asks("GET", "/readyz", 503)
            desk.asks("POST", DISPATCHES, 503, {"text": "a line"}, idempotency_key="one")
        until("beat")
        service.process.terminate()
        assert until("move")[-1] == "move"


def test_an_event_carries_a_frame_as_described(service: Service) -> None:
    feed = service.open_feed()
    events = {"accept": "text/event-stream"}
    with httpx.stream("GET", f"{service.url}/v1/feeds/{feed}/live", headers=events, timeout=60) as answer:
        assert str(answer.status_code) in DOCUMENT["paths"][FEED + "/live"]["get"]["responses"]
        lines = answer.iter_lines()
        expected = ["snapshot", *live_through(service, feed)]
        seen: list[str] = []
        while seen[-1:] != ["kill"]:
            event = dict(line.split(": ", 1) for line in iter(lines.__next__, ""))
            frame = json.loads(event["data"])
            assert event["event"] == framed(frame)
            assert event.get("id") == frame.get("position")
            seen.append(event["event"])
    assert [type for type in seen if type != "beat"] == expected
