"""Language tags, and which way they are written: by the same table as the browser's clients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ticker.dispatch import Draft, check
from ticker.errors import Invalid
from ticker.language import direction, well_formed

GOLDEN: dict[str, str] = json.loads((Path(__file__).parent / "golden/directions.json").read_text("utf-8"))


def test_languages_are_written_as_the_golden_table_says() -> None:
    assert {tag: direction(tag) for tag in GOLDEN} == GOLDEN
    assert len(GOLDEN) > 300


@pytest.mark.parametrize("tag", ["iw", "ji", "prs", "pes", "arb", "arz", "ar-u-nu-latn"])
def test_a_tag_is_kept_as_it_was_sent_and_its_canonical_form_gives_the_direction(tag: str) -> None:
    assert check(Draft, {"text": "x", "language": tag}).language == tag
    assert direction(tag) == "rtl"


@pytest.mark.parametrize(
    "tag",
    [
        *("en", "EN-gb", "es-419", "zh-Hans-CN", "zh-cmn-Hans-CN", "sl-rozaj-biske-1994", "de-CH-1901", "ar-u-nu-latn"),
        *(
            "en-a-bbb-x-a-ccc",
            "de-DE-u-co-phonebk-x-foo",
            "sr-Latn-x-me",
            "und",
            "hy-Latn-IT-arevela",
            "en-t-jp-m0-abc",
        ),
    ],
)
def test_every_well_formed_tag_is_taken(tag: str) -> None:
    assert well_formed(tag)


@pytest.mark.parametrize(
    "tag",
    [
        *("", "e", "english", "en_GB", "en-", "-en", "en--GB", "en-u", "ar-u-", "x-foo", "i-klingon", "en-GB-US"),
        *("a-DE", "en ", "é", "en\n", "\u0661\u0662", "ar-\u0661\u0662\u0663", "en-\u212aa"),
        "en-x-" + "-".join(["abcdefgh"] * 8),
    ],
)
def test_what_is_no_tag_is_refused(tag: str) -> None:
    assert not well_formed(tag)
    with pytest.raises(Invalid, match=r"^language: is not a language tag"):
        check(Draft, {"text": "x", "language": tag})
