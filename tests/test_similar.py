"""Similar dispatches in English and Arabic, and dispatches that are not similar."""

# ruff: noqa: RUF001  # letters that look alike are what this is about

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from rapidfuzz import process

from ticker.dispatch import rfc3339
from ticker.entry import Entry
from ticker.similar import MAX_DISPATCHES, MAX_LETTERS, RECENT, THRESHOLD, RecentDispatches, plain

START = datetime(2026, 3, 11, 14, 0, tzinfo=UTC)


def entry(kind: str, **content: object) -> Entry:
    return Entry.read(1, "0" * 40, orjson.dumps({"kind": kind, "at": rfc3339(START), **content}))


def filed(id: str, text: str, *, after: timedelta = timedelta(0), kind: str = "file", source: str = "") -> Entry:
    said = {"source": source} if source else {}
    return entry(kind, dispatch={"id": id, "text": text, "filed": rfc3339(START + after), **said})


def like(recent: RecentDispatches, text: str, *, after: timedelta = timedelta(0), before: str = "z") -> list[str]:
    return [each["id"] for each in recent.similar_to(text, rfc3339(START + after), before)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Bridge over the Marada river closed after a barge strikes its central pier",
            "Marada river bridge closed after barge strikes central pier",
        ),
        (
            "Magnitude 6.1 earthquake strikes off the coast of Port Marada",
            "Earthquake of magnitude 6.1 strikes off Port Marada coast",
        ),
        (
            "Parliament passes emergency budget by 112 votes to 98",
            "PARLIAMENT PASSES EMERGENCY BUDGET, 112 votes to 98",
        ),
        (
            "Three people killed in explosion at Port Marada fuel depot",
            "Explosion at Port Marada fuel depot kills three people",
        ),
        (
            "Three dead in explosion at Port Marada fuel depot",
            "Five dead in explosion at Port Marada fuel depot",
        ),
        ("Prime minister Lena Ortiz resigns", "PM Lena Ortiz resigns"),
        ("Central bank raises key rate to 5.25%", "Central bank raises its key rate to 5.25 per cent"),
        (
            "Airport closed until further notice because of volcanic ash",
            "Volcanic ash: airport closed until further notice",
        ),
        ("BREAKING: Ceasefire agreed in Marada talks, mediator says", "Ceasefire agreed in Marada talks – mediator"),
        ("Police evacuate central station after a bomb threat", "Central station evacuated by police, bomb threat"),
        # Words moved, prepositions joined to them.
        (
            "إغلاق جسر نهر مرادا في الاتجاهين بعد اصطدام بارجة بدعامته الوسطى",
            "إغلاق جسر نهر مرادا بالاتجاهين بعد اصطدام بارجة بالدعامة الوسطى",
        ),
        ("عاجل: إغلاق الميناء بعد اندلاع حريق", "إغلاق الميناء بعد اندلاع حريق"),
        # Vowel marks, digits, tatweel, hamza, teh marbuta.
        ("رئيس الوزراء يعلن استقالته", "رَئيسُ الوُزَراءِ يُعلِنُ اسْتِقالَتَه"),
        ("زلزال بقوة ٦٫١ درجات يضرب سواحل مرادا", "زلزال بقوة 6.1 درجات يضرب سواحل مرادا"),
        (
            "مقتل ٣ أشخاص في انفجار بمستودع وقود في ميناء مرادا",
            "مقتل ثلاثة اشخاص في انفجار بمستودع وقود بميناء مرادا",
        ),
        ("البرلمان يقر الموازنة الطارئة بأغلبية ١١٢ صوتا", "البرلمـــان يقرّ الموازنة الطارئة باغلبية 112 صوتاً"),
        ("البنك المركزي يرفع سعر الفائدة إلى ٥٫٢٥٪", "المركزي يرفع سعر الفائدة الى 5.25%"),
        ("الدفاع المدني: إخماد الحريق في مستشفى الشفاء", "إخماد الحريق في مستشفى الشفاء، الدفاع المدني"),
        ("إخلاء المحطة المركزية بعد تهديد بوجود قنبلة", "إخلاء المحطه المركزيه بعد تهديد بقنبلة"),
    ],
)
def test_two_reports_of_one_event_are_alike(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        recent = RecentDispatches()
        recent.add(filed("a", first))
        assert like(recent, second) == ["a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Magnitude 6.1 earthquake strikes off the coast of Port Marada",
            "Fishing boat sinks off the coast of Port Marada, six rescued",
        ),
        (
            "Three people killed in explosion at Port Marada fuel depot",
            "Three people arrested at Port Marada airport over fuel smuggling",
        ),
        ("Prime Minister Lena Ortiz resigns", "Prime Minister Lena Ortiz arrives in Cairo"),
        ("Prime minister resigns", "Finance minister resigns"),
        ("Central bank raises key rate to 5.25%", "Central bank governor to speak at 18:00"),
        (
            "Airport closed until further notice because of volcanic ash",
            "Schools closed until further notice because of heat",
        ),
        ("President arrives in Cairo for talks", "President leaves Cairo after talks"),
        ("Fire at the harbour", "Fire at the hospital"),
        ("Kickoff", "Full time"),
        ("إغلاق جسر نهر مرادا في الاتجاهين", "إعادة فتح مطار مرادا أمام الرحلات"),
        ("رئيس الوزراء يعلن استقالته", "رئيس الوزراء يعلن حالة الطوارئ"),
        ("رئيس الوزراء يعلن استقالته", "وزير المالية يعلن الموازنة الطارئة"),
        ("زلزال بقوة ٦٫١ درجات يضرب سواحل مرادا", "غرق قارب صيد قبالة سواحل مرادا"),
        ("مقتل ٣ أشخاص في انفجار بمستودع وقود", "اعتقال ٣ أشخاص بتهمة تهريب الوقود"),
        ("البرلمان يقر الموازنة الطارئة", "البرلمان يؤجل جلسته إلى الغد"),
        ("البنك المركزي يرفع سعر الفائدة", "البنك المركزي ينفي إفلاس مصرف"),
        ("وزير الخارجية يصل إلى القاهرة", "وزير الدفاع يصل إلى بغداد"),
        ("‼ — …", "🚨"),
    ],
)
def test_reports_of_two_events_are_not_alike(one: str, other: str) -> None:
    recent = RecentDispatches()
    recent.add(filed("a", one))
    assert like(recent, other) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("B, a — C!", "a b c"),
        ("Größe ½ ²", "1 2 2 grosse"),
        ("أُعْلِنَ", "اعلن"),
        ("مـــرادا ٢٠٢٦", "2026 مرادا"),
        ("ٱلمستشفى", "المستشفي"),
        ("مشکلی", "مشكلي"),
        ("\u200fعاجل\u200f", "عاجل"),
        ("दिल्ली", "दलल"),
        ("…", ""),
    ],
)
def test_what_spellings_differ_in_does_not_count(text: str, words: str) -> None:
    assert plain(text) == words


def test_a_similar_dispatch_is_returned_with_its_source_time_and_likeness() -> None:
    recent = RecentDispatches()
    recent.add(filed("a", "Bridge closed to all traffic", source="Harbour police"))
    recent.add(filed("b", "Bridge is closed to all traffic", after=timedelta(seconds=1.25)))
    assert recent.similar_to("Bridge closed to all traffic", rfc3339(START), "z") == [
        {"id": "a", "source": "Harbour police", "filed": "2026-03-11T14:00:00.000Z", "likeness": 1.0},
        {"id": "b", "source": None, "filed": "2026-03-11T14:00:01.250Z", "likeness": 0.95},
    ]
    assert THRESHOLD <= 95


def test_only_dispatches_from_before_and_of_the_last_ten_minutes_count() -> None:
    recent = RecentDispatches()
    recent.add(filed("a", "Bridge closed"))
    recent.add(filed("b", "Bridge closed", after=timedelta(minutes=1)))
    recent.add(filed("c", "Bridge closed", after=timedelta(minutes=2)))
    assert like(recent, "Bridge closed", before="c") == ["a", "b"]
    assert like(recent, "Bridge closed", before="a") == []
    assert like(recent, "Bridge closed", after=RECENT) == ["a", "b", "c"]
    assert like(recent, "Bridge closed", after=RECENT + timedelta(milliseconds=1)) == ["b", "c"]


def test_a_kill_takes_a_dispatch_out_and_a_correction_replaces_it() -> None:
    recent = RecentDispatches()
    recent.add(filed("a", "Bridge closed"))
    recent.add(filed("b", "Port on fire"))
    recent.add(filed("b", "Bridge closed", kind="correct"))
    assert like(recent, "Bridge closed") == ["a", "b"]
    assert like(recent, "Port on fire") == []
    for id in ("a", "unknown"):
        recent.add(entry("kill", id=id, reason="false"))
    recent.add(filed("old", "Bridge closed", kind="correct"))  # its filing is too long ago to be known
    for other in (entry("pin", id="b"), entry("air", air={"on": False})):
        recent.add(other)
    assert like(recent, "Bridge closed") == ["b"]


def test_the_busiest_night_costs_no_more_and_the_answer_names_five() -> None:
    recent = RecentDispatches()
    recent.add(filed("a", "Bridge closed"))
    for number in range(MAX_DISPATCHES):
        recent.add(filed(f"b{number:03}", f"Bridge closed {number:03}"))
    assert "a" not in like(recent, "Bridge closed")
    assert len(like(recent, "Bridge closed 7")) == 5


@pytest.mark.parametrize("character", ["\ufdfa", "\ufdfb", "\u3300", "\u33af", "\u1e9e", "가", "x"])
def test_no_character_makes_more_letters_than_are_compared(character: str) -> None:
    assert len(plain(character * 1000)) <= MAX_LETTERS


def test_no_more_letters_are_compared_than_a_dispatch_may_have_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a comparison grows with the square of them; one character may expand to eighteen."""
    recent = RecentDispatches()
    for number in range(MAX_DISPATCHES):
        recent.add(filed(f"{number:03}", "\ufdfa" * (1000 - number) + "x" * number))
    compared: list[int] = []
    extract = process.extract

    def counted(query: str, choices: dict[str, str], **options: Any) -> Any:
        compared.extend(map(len, (query, *choices.values())))
        return extract(query, choices, **options)

    monkeypatch.setattr(process, "extract", counted)
    assert like(recent, "\ufdfa" * 1000)
    assert len(compared) == 1 + MAX_DISPATCHES
    assert max(compared) <= MAX_LETTERS


def test_texts_longer_than_what_is_compared_are_still_found_alike() -> None:
    recent = RecentDispatches()
    recent.add(filed("1", "Volcanic ash closes the airport " * 31))
    assert like(recent, "Volcanic ash closes the airport " * 31)
