"""The door: untrusted JSON in, a Draft or a named fault out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.admin import FeedPlan, KeyPlan
from ticker.dispatch import (
    MAX_BODY,
    URGENCIES,
    AirSwitchBody,
    Body,
    Draft,
    KillBody,
    PinBody,
    check,
    direction,
    milliseconds,
    read,
    rfc3339,
)
from ticker.errors import BadRequest, Invalid

FULL = {
    "text": "Bridge over the Marada river closed in both directions",
    "source": "Civil Defence spokesman",
    "byline": "Lena Ortiz",
    "dateline": "Port Marada",
    "urgency": "flash",
    "language": "en",
    "sections": ["Transport"],
    "places": ["Port Marada"],
    "story": "marada-bridge",
    "link": "https://news.example/marada-bridge",
    "occurred": "2026-03-11T14:09:40.250Z",
}


def faults(model: type[Body], **said: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        check(model, said)
    return caught.value.faults


def test_a_full_draft_is_taken_as_it_is_said() -> None:
    assert read(Draft, orjson.dumps(FULL)).fields("fr") == FULL


def test_what_is_not_said_is_left_out_and_the_feed_gives_the_language() -> None:
    said = Draft(text="Quake", source="", byline=None, sections=[]).fields("ar")
    assert said == {"text": "Quake", "urgency": "normal", "language": "ar"}


def test_fields_come_in_a_fixed_order_so_that_equal_drafts_are_equal_bytes() -> None:
    assert list(read(Draft, orjson.dumps(dict(reversed(FULL.items())))).fields("en")) == list(FULL)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Quake \n", "Quake"),
        (" " + "a" * 1000 + " ", "a" * 1000),
        ("a", "a"),
        ("السفينة MV Hope 3 — 1,200 طن", "السفينة MV Hope 3 — 1,200 طن"),
        ("<b>not markup</b> & \"so\" it 'stays'", "<b>not markup</b> & \"so\" it 'stays'"),
        ("👩‍🚒 x\u200d\u200fy\u00a0z", "👩‍🚒 x\u200d\u200fy\u00a0z"),
        ("two  spaces", "two  spaces"),
    ],
)
def test_text_keeps_everything_but_the_white_space_at_its_ends(given: str, kept: str) -> None:
    assert check(Draft, {"text": given}).text == kept


@pytest.mark.parametrize(
    ("character", "fault"),
    [
        ("\n", "a control character (U+000A)"),
        ("\t", "a control character (U+0009)"),
        ("\0", "a control character (U+0000)"),
        ("\x1b", "a control character (U+001B)"),
        ("\x85", "a control character (U+0085)"),
        ("\u2028", "a line break (U+2028)"),
        ("\u2029", "a line break (U+2029)"),
        ("\ud83d", "half a character (U+D83D)"),
    ],
)
@pytest.mark.parametrize("field", ["text", "source", "byline", "dateline"])
def test_a_line_is_one_line_without_control_characters(field: str, character: str, fault: str) -> None:
    said = {"text": "x", field: f"a{character}b"}
    assert faults(Draft, **said) == [(field, f"has {fault}; write one plain line")]


@settings(deadline=None)
@given(st.text(max_size=40))
def test_every_text_is_kept_stripped_or_refused_by_name(text: str) -> None:
    try:
        assert check(Draft, {"text": text}).text == text.strip()
    except Invalid as error:
        assert error.field == "text"


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("text", "", "is empty"),
        ("text", "   ", "is empty"),
        ("text", "a" * 1001, "has more than 1000 characters"),
        ("text", None, "must be text"),
        ("text", 5, "must be text"),
        ("text", ["a"], "must be text"),
        ("source", "a" * 201, "has more than 200 characters"),
        ("byline", "a" * 201, "has more than 200 characters"),
        ("dateline", "a" * 101, "has more than 100 characters"),
        ("urgency", "FLASH", "must be one of 'flash', 'bulletin', 'urgent' or 'normal'"),
        ("urgency", 1, "must be one of 'flash', 'bulletin', 'urgent' or 'normal'"),
        ("language", "english", "is not a language tag such as en, ar or es-419 (BCP 47)"),
        ("language", "e", "is not a language tag such as en, ar or es-419 (BCP 47)"),
        ("language", "en_US", "is not a language tag such as en, ar or es-419 (BCP 47)"),
        ("sections", "Politics", "Input should be a valid list"),
        ("sections", ["x"] * 11, "has more than 10 entries"),
        ("occurred", 1773238180, "must be a time as text, such as 2026-11-22T18:04:05Z (RFC 3339)"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named_with_the_rule(field: str, value: Any, fault: str) -> None:
    assert faults(Draft, **{"text": "x", field: value}) == [(field, fault)]


@pytest.mark.parametrize(
    ("label", "fault"),
    [("", "is empty"), (" ", "is empty"), ("x" * 61, "has more than 60 characters"), (5, "must be text")],
)
@pytest.mark.parametrize("field", ["sections", "places"])
def test_a_faulty_label_is_named_by_its_place(field: str, label: Any, fault: str) -> None:
    assert faults(Draft, **{"text": "x", field: ["fine", label]}) == [(f"{field}.1", fault)]


@pytest.mark.parametrize("slug", ["", "Marada", "-marada", "a b", "a" * 81, "maräda", "a\n"])
def test_a_story_is_a_slug(slug: str) -> None:
    [(field, fault)] = faults(Draft, text="x", story=slug)
    assert field == "story"
    assert "small letters, digits and hyphens" in fault


@pytest.mark.parametrize("slug", ["a", "7", "marada-bridge", "a" * 80])
def test_a_slug_is_kept(slug: str) -> None:
    assert check(Draft, {"text": "x", "story": slug}).story == slug


@pytest.mark.parametrize(
    "link",
    [
        "https://news.example/a?b=c#d",
        "http://news.example",
        "HTTPS://News.Example/",
        "https://news.example:8443/x",
        "https://[2001:db8::1]/",
        "https://أخبار.example/خبر",
        "https://news.example/" + "x" * (2000 - 21),
    ],
)
def test_a_full_web_address_is_a_link(link: str) -> None:
    assert check(Draft, {"text": "x", "link": link}).link == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "news.example",
        "//news.example/",
        "/a",
        "ftp://news.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:///a",
        "https://:80/",
        "http://[::1",
        "https://news.example/a b",
        " https://news.example/",
        'https://news.example/"onclick="x',
        "https://news.example/<script>",
        "https://news.example\\@evil.example/",
        "https://news.example/\n",
        "\x01https://news.example/",
        "https://news.example/\x07",
        "https://news.example/\x7f",
        "https://news.example/\u202e",
        "https://news\u200b.example/",
        "https://\u2066news.example\u2069/",
        "https://news.example/\ufeff",
        "https://news.example:99999/",
        "https://news.example:x/",
    ],
)
def test_nothing_else_is_a_link(link: str) -> None:
    assert faults(Draft, text="x", link=link) == [("link", "is not a full http or https address")]


def test_a_link_has_an_end() -> None:
    link = "https://news.example/" + "x" * 2000
    assert faults(Draft, text="x", link=link) == [("link", "has more than 2000 characters")]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-11-22T18:04:05Z", "2026-11-22T18:04:05.000Z"),
        ("2026-11-22T18:04:05.1239+03:00", "2026-11-22T15:04:05.123Z"),
        ("2026-11-22t18:04:05z", "2026-11-22T18:04:05.000Z"),
        ("2026-01-01T01:00:00+03:00", "2025-12-31T22:00:00.000Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_kept_in_utc_with_milliseconds(said: str, kept: str) -> None:
    assert check(Draft, {"text": "x", "occurred": said}).occurred == kept


@pytest.mark.parametrize(
    "said",
    [
        "",
        "yesterday",
        "2026-11-22",
        "2026-11-22T18:04:05",
        "2026-11-22 18:04:05Z",
        "2026-13-01T00:00:00Z",
        "2026-11-22T25:00:00Z",
    ],
)
def test_what_is_no_moment_is_refused(said: str) -> None:
    [(field, fault)] = faults(Draft, text="x", occurred=said)
    assert field == "occurred"
    assert "RFC 3339" in fault


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-03:00"])
def test_a_moment_that_utc_cannot_say_is_refused(said: str) -> None:
    assert faults(Draft, text="x", occurred=said) == [("occurred", "is outside the years 1 to 9999 in UTC")]


def test_our_own_times_are_utc_with_milliseconds_and_a_z() -> None:
    moment = datetime(2026, 11, 22, 21, 4, 5, 999_999, timezone(timedelta(hours=3)))
    assert rfc3339(moment) == "2026-11-22T18:04:05.999Z"
    assert rfc3339(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("2026-11-22T18:04:05.999Z", 1_795_370_645_999),
        ("2026-11-22T21:04:05.999+03:00", 1_795_370_645_999),
    ],
)
def test_a_time_is_counted_in_milliseconds_of_unix_time(moment: str, expected: int) -> None:
    assert milliseconds(moment) == expected


def test_unknown_and_missing_fields_are_all_named_at_once() -> None:
    named = dict(faults(Draft, headline="x", link=5))
    assert named.keys() == {"text", "headline", "link"}
    assert named["text"] == "is required"
    assert named["headline"].startswith("is not a known field; the fields are text, source, byline")


@pytest.mark.parametrize("field", ["id", "filed", "updated", "revision", "status", "position", "kind", "by"])
def test_what_only_the_server_may_say_is_refused(field: str) -> None:
    assert [name for name, _ in faults(Draft, **{"text": "x", field: "1"})] == [field]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"text": "\xff"}', b'{"text": NaN}', b'{"text": "\\ud800"}', b"[" * 5000],
)
def test_a_body_that_is_not_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="not JSON"):
        read(Draft, body)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"5", b'[{"text": "x"}]'])
def test_a_body_that_is_not_an_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="JSON object"):
        read(Draft, body)


def test_a_draft_at_every_limit_fits_into_a_body() -> None:
    wide = {"text": "\U0001f692" * 1000, "source": "م" * 200, "byline": "م" * 200, "link": FULL["link"]}
    body = json.dumps(wide | {"sections": ["م" * 60] * 10, "places": ["م" * 60] * 10}, ensure_ascii=False).encode()
    assert len(body) < MAX_BODY
    assert read(Draft, body).text == wide["text"]


# The other bodies


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (KillBody, {"reason": "the source withdrew it"}),
        (PinBody, {"id": "01kapn3v12000000127q2mzx4h"}),
        (AirSwitchBody, {"on": False, "label": None, "url": None}),
        (AirSwitchBody, {"on": True, "label": "Watch", "url": "https://news.example/live"}),
        (FeedPlan, {"name": "sport-24", "title": "Sport", "language": "ar"}),
        (FeedPlan, {"name": "0" * 64, "title": None, "language": "en"}),
        (KeyPlan, {"name": "Lena", "role": "editor", "feeds": ["breaking", "sport"]}),
    ],
)
def test_other_bodies_are_taken_as_they_are_said(model: type[Body], said: dict[str, Any]) -> None:
    assert check(model, said).model_dump(exclude_unset=True) == said


@pytest.mark.parametrize(
    ("model", "said", "fault"),
    [
        (KillBody, {}, ("reason", "is required")),
        (KillBody, {"reason": " "}, ("reason", "is empty")),
        (KillBody, {"reason": "a\nb"}, ("reason", "has a control character (U+000A); write one plain line")),
        (PinBody, {"id": ""}, ("id", "is empty")),
        (PinBody, {"id": None}, ("id", "must be text")),
        (AirSwitchBody, {"on": "yes"}, ("on", "must be true or false")),
        (AirSwitchBody, {"on": True, "url": "live"}, ("url", "is not a full http or https address")),
        (
            FeedPlan,
            {"name": "x", "language": "?"},
            ("language", "is not a language tag such as en, ar or es-419 (BCP 47)"),
        ),
        (KeyPlan, {"name": "Lena", "role": "owner"}, ("role", "must be one of 'correspondent', 'editor' or 'admin'")),
        (KeyPlan, {"name": "Lena", "role": "admin", "feeds": ["a"] * 101}, ("feeds", "has more than 100 entries")),
    ],
)
def test_other_bodies_name_their_faults_too(model: type[Body], said: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(model, **said) == [fault]


@pytest.mark.parametrize("name", ["", "A", "-a", "a_b", "a.b", "a/b", "a" * 65, "a\n", "á"])
def test_a_feed_name_is_small_letters_digits_and_hyphens(name: str) -> None:
    rule = "must be a name of small letters, digits and hyphens, at most 64, starting with a letter or digit"
    assert faults(FeedPlan, name=name) == [("name", rule)]
    assert faults(KeyPlan, name="x", role="editor", feeds=[name]) == [("feeds.0", rule)]


def test_urgencies_are_ordered_from_the_most_urgent_with_their_iptc_numbers() -> None:
    assert list(URGENCIES.items()) == [("flash", 1), ("bulletin", 2), ("urgent", 3), ("normal", 5)]
    assert [check(Draft, {"text": "x", "urgency": name}).urgency for name in URGENCIES] == list(URGENCIES)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("AR-LB", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("ar-Latn", "ltr"),
        ("az-Arab", "rtl"),
        ("az-Arab-IR", "rtl"),
        ("pa-Arab-x-abcd", "rtl"),
        ("sr-Cyrl", "ltr"),
        ("ar-1994", "rtl"),
        ("es-419", "ltr"),
    ],
)
def test_direction_follows_from_the_script_or_else_from_the_language(language: str, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("model", "said", "fault"),
    [
        (
            KeyPlan,
            {"name": "x", "role": "editor", "rate": 1.5},
            "rate: must be a whole number, written without a fraction",
        ),
        (
            KeyPlan,
            {"name": "x", "role": "editor", "rate": "9"},
            "rate: must be a whole number, written without a fraction",
        ),
        (KeyPlan, {"name": "x", "role": "editor", "rate": 0}, "rate: must be at least 1"),
        (KeyPlan, {"name": "x", "role": "editor", "rate": 10**9}, "rate: must be at most 1000000"),
        (FeedPlan, {"name": "x", "two_person_flash": 1}, "two_person_flash: must be true or false"),
        (FeedPlan, {"name": "x", "edition_of": "No Name"}, "edition_of: must be a name of small letters"),
        (
            Draft,
            {"text": "x", "edition_of": "breaking"},
            "edition_of: must name a dispatch in another feed, as feed/id",
        ),
        (Draft, {"text": "x", "release_at": "tomorrow"}, "release_at: must have a date, a time and an offset"),
    ],
)
def test_faults_of_the_desks_fields_are_sentences(model: type[Body], said: dict[str, Any], fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(model, said)
    assert refused.value.detail.startswith(fault)
