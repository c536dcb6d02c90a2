"""The desk's pages: the same for everybody, in the language of the browser, and nothing secret in them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service import Service
from ticker.client.problems import PROBLEMS
from ticker.desk.invitation import InvitationPlan
from ticker.dispatch import AirSwitchBody, Body, Correction, Draft, EditBody, KillBody
from ticker.web.assets import CLIENTS

WORDS = {path.stem: json.loads(path.read_text("utf-8")) for path in (CLIENTS / "desk" / "words").glob("*.json")}


def get(service: Service, path: str, **headers: str) -> httpx.Response:
    return httpx.get(service.url + path, headers=headers)


@pytest.mark.parametrize("path", ["/desk", "/desk/breaking", "/desk/no-such-feed"])
def test_the_page_is_the_same_for_every_feed_and_with_or_without_a_key(service: Service, path: str) -> None:
    page = get(service, path)
    assert page.status_code == 200
    assert page.text == get(service, "/desk").text == service.http.get(path).text
    assert service.key not in page.text


def test_the_page_has_what_checks_and_scripts_look_for(service: Service) -> None:
    page = get(service, "/desk").text
    for hook in ('name="sign-in"', 'name="key"', '<textarea id="text" name="text"', 'name="source"', 'name="file"'):
        assert hook in page
    assert '<select name="urgency">' in page


@pytest.mark.parametrize(("accepted", "language"), [("ar-EG,en;q=0.5", "ar"), ("es", "es"), ("fi", "en"), ("", "en")])
def test_it_is_in_the_language_of_the_browser_from_the_first_byte(
    service: Service, accepted: str, language: str
) -> None:
    page = get(service, "/desk", accept_language=accepted, **{"accept-language": accepted})
    words = WORDS[language]
    assert f'<html lang="{language}" dir="{words["direction"]}">' in page.text
    assert f">{words['sign_in']}</h2>" in page.text
    assert "accept-language" in page.headers["vary"].lower()


def test_the_policy_allows_scripts_of_this_service_alone_and_no_other_site_is_told_where_one_was(
    service: Service,
) -> None:
    headers = get(service, "/desk").headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "worker-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-cache"


def test_the_page_has_no_script_or_style_of_its_own(service: Service) -> None:
    page = get(service, "/desk").text
    assert not re.search(r"<style|\son\w+=|<script(?! type=\"(module\" src|application/json))", page)


def test_the_manifest_makes_it_installable(service: Service) -> None:
    found = get(service, "/desk/manifest.webmanifest", **{"accept-language": "ar"})
    assert found.headers["content-type"] == "application/manifest+json"
    manifest = found.json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/desk", "/desk", "standalone")
    assert (manifest["lang"], manifest["dir"], manifest["name"]) == ("ar", "rtl", WORDS["ar"]["app_name"])
    sizes = {icon["sizes"]: icon["src"] for icon in manifest["icons"]}
    for size in ("192x192", "512x512"):
        icon = get(service, sizes[size])
        assert (icon.status_code, icon.headers["content-type"]) == (200, "image/png")
        width = int.from_bytes(icon.content[16:20], "big")
        assert f"{width}x{width}" == size


def test_the_worker_may_serve_the_desk_itself(service: Service) -> None:
    worker = get(service, "/desk/worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["service-worker-allowed"] == "/desk"
    assert worker.headers["cache-control"] == "no-cache"


def test_under_a_prefix_everything_has_it(tmp_path: Path) -> None:
    with Service(tmp_path, public_url="https://news.example/ticker") as service:
        page = get(service, "/desk").text
        assert 'href="https://news.example/ticker/desk/manifest.webmanifest"' in page
        assert '{"base":"https://news.example/ticker"}' in page
        manifest = get(service, "/desk/manifest.webmanifest").json()
        assert (manifest["start_url"], manifest["scope"]) == ("/ticker/desk", "/ticker/desk")
        assert get(service, "/desk/worker.js").headers["service-worker-allowed"] == "/ticker/desk"


@pytest.mark.parametrize("language", WORDS)
def test_each_language_has_all_words_with_the_same_gaps(language: str) -> None:
    english, other = WORDS["en"], WORDS[language]
    assert list(other) == list(english)
    for name, phrase in english.items():
        if isinstance(phrase, list):
            assert len(other[name]) == len(phrase), name
        elif isinstance(phrase, dict):
            assert list(other[name]) == list(phrase), name
    assert _gaps(other) == _gaps(english)
    assert other["language"] == language


def _gaps(words: dict[str, Any]) -> dict[str, list[str]]:
    """The gaps of each phrase, also of those in a table; a phrase without words fails."""
    found = {}
    for name, phrase in words.items():
        if isinstance(phrase, str):
            assert phrase, name
            found[name] = sorted(re.findall(r"{\w+}", phrase))
        elif isinstance(phrase, dict):
            found |= {f"{name}.{inner}": gaps for inner, gaps in _gaps(phrase).items()}
    return found


@pytest.mark.parametrize("language", WORDS)
def test_each_problem_that_the_service_can_respond_with_has_words_in_each_language(language: str) -> None:
    assert set(WORDS[language]["problems"]) == set(PROBLEMS)


@pytest.mark.parametrize("model", [Draft, Correction, EditBody, KillBody, AirSwitchBody, InvitationPlan])
def test_each_field_that_the_desk_sends_has_a_rule_in_its_words(model: type[Body]) -> None:
    table = re.search(
        r"const FIELDS = {\n(.*?)\n};", (CLIENTS / "desk" / "problem-words.js").read_text("utf-8"), re.DOTALL
    )
    assert table is not None
    known = dict(re.findall(r'^  (\w+): \["(?:\w+)", "(\w+)"\],$', table[1], re.MULTILINE))
    assert set(known.values()) == set(WORDS["en"]["rules"])
    chosen = {"urgency", "occurred", "on", "role", "feeds", "person"}  # by the desk itself, from what is valid
    assert set(model.model_fields) - chosen <= set(known)


@pytest.mark.parametrize("language", [language for language in WORDS if language != "en"])
def test_no_words_were_left_in_english(language: str) -> None:
    same = {name for name, phrase in WORDS[language].items() if phrase == WORDS["en"][name]}
    known = {"direction", "signed_in_as", "normal", "p99", "editor", "flash"}  # of which Spanish says some alike
    assert same <= known
