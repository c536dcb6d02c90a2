"""Bundles of the browser clients: cached for ever under their hashed names, and never broken by a rolling upgrade."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from tests.service import Service
from ticker.web.assets import ASSETS, CLIENTS, asset
from ticker.web.headers import COMPRESS_FROM

NAMES = sorted(ASSETS)
WITH_GZIP, WITHOUT = {"accept-encoding": "gzip"}, {"accept-encoding": "identity"}


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_kept_for_ever_under_its_hashed_name(service: Service, name: str) -> None:
    response = service.http.get(asset(name))
    assert response.status_code == 200
    assert response.content == (CLIENTS / "dist" / name).read_bytes()
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_has_the_integrity_of_a_bundle(name: str) -> None:
    manifest = json.loads((CLIENTS / "dist/manifest.json").read_text("utf-8"))
    digest = hashlib.sha384((CLIENTS / "dist" / name).read_bytes()).digest()
    assert manifest[name]["integrity"] == f"sha384-{base64.b64encode(digest).decode()}" == ASSETS[name].integrity


@pytest.mark.parametrize("name", [name for name in NAMES if len(ASSETS[name].plain) >= COMPRESS_FROM])
def test_a_bundle_is_compressed_for_clients_that_take_gzip(service: Service, name: str) -> None:
    small, large = (service.http.get(asset(name), headers=headers) for headers in (WITH_GZIP, WITHOUT))
    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in large.headers
    assert int(small.headers["content-length"]) < int(large.headers["content-length"])
    assert small.headers["vary"] == large.headers["vary"] == "Accept-Encoding"
    assert small.content == large.content


@pytest.mark.parametrize("path", [asset("reader.js"), "/embed/v1/ticker.js"])
def test_a_bundle_is_compressed_for_nobody_who_refuses_that(service: Service, path: str) -> None:
    for refused in ("gzip;q=0", "x-notgzip", "br, gzip; q=0.0"):
        assert "content-encoding" not in service.http.get(path, headers={"accept-encoding": refused}).headers
    assert service.http.get(path, headers={"accept-encoding": "br, GZIP"}).headers["content-encoding"] == "gzip"


def test_a_hash_of_another_version_gets_the_bundle_that_is_here_and_keeps_it_not(service: Service) -> None:
    response = service.http.get("/assets/reader-0123456789.js")
    assert response.content == service.http.get(asset("reader.js")).content
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["reader.js", "manifest.json", "nothing-0123456789.js", "reader-0123456789.css.map"])
def test_what_is_no_bundle_is_not_there(service: Service, path: str) -> None:
    assert service.http.get(f"/assets/{path}").status_code == 404


def test_a_page_asks_for_one_script_and_one_style_sheet(service: Service) -> None:
    id = service.file("breaking", "one", story="s")["id"]
    for path in ("/", f"/feeds/breaking/{id}", "/feeds/breaking/stories/s"):
        page = service.http.get(path, headers={"accept": "text/html"}).text
        assert page.count('<script type="module"') == page.count('rel="stylesheet"') == 1, path
        assert "modulepreload" not in page


@pytest.mark.parametrize("path", ["/", "/v1/feeds/breaking", "/openapi.json", "/docs"])
def test_pages_and_json_are_compressed(service: Service, path: str) -> None:
    for number in range(20):
        service.file("breaking", f"Dispatch {number}, which is long enough to be worth a compressor's while")
    response = service.http.get(path, headers=WITH_GZIP)
    assert response.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["vary"]
    sent, plain = int(response.headers["content-length"]), len(response.content)
    assert sent < plain / 2


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/feeds", "/nowhere", "/v1/feeds/nowhere", "/metrics"])
def test_nothing_is_taken_for_another_type_than_its_own(service: Service, path: str) -> None:
    assert service.http.get(path).headers.get_list("x-content-type-options") == ["nosniff"]


def test_a_live_stream_is_never_compressed(service: Service) -> None:
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    for path in ("/v1/feeds/breaking/live", "/v1/feeds/breaking/live?after=x"):
        with service.http.stream("GET", path, headers=headers) as stream:
            assert "content-encoding" not in stream.headers
            assert stream.headers["x-content-type-options"] == "nosniff"
            assert next(stream.iter_text()).startswith("retry: ")


def test_the_bundles_are_part_of_the_package() -> None:
    root = Path(__file__).parents[2]
    assert '"clients" = "ticker/clients"' in (root / "pyproject.toml").read_text("utf-8")
