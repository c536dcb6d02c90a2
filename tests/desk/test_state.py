"""What the desk shows, and to whom."""

from __future__ import annotations

from typing import Any

from ticker.desk.presence import Attendant
from ticker.desk.state import MOST, DeskState, Filing, Flash, Held, Kind, Viewer

AT = "2027-01-15T08:00:00.000Z"
MONA, LENA = Viewer("p1", sees_all=False), Viewer("p2", sees_all=True)


def shown(state: DeskState, kind: Kind, viewer: Viewer) -> Any:
    frame = state.frame(kind, viewer)
    assert (frame.pop("type"), frame.pop("kind")) == ("desk", kind)
    [content] = frame.values()
    return content


def test_a_stream_begins_with_every_kind_also_when_there_is_nothing() -> None:
    assert DeskState().first_frames(MONA) == [
        {"type": "desk", "kind": "presence", "people": []},
        {"type": "desk", "kind": "held", "held": []},
        {"type": "desk", "kind": "flash", "flashes": []},
        {"type": "desk", "kind": "filed", "filed": {}},
    ]


def test_people_are_shown_with_what_they_filed_last() -> None:
    state, people = DeskState(), [Attendant("n1", "p1", "Mona", AT), Attendant("n2", "p2", "Lena", AT)]
    assert state.set_people(people) == {"presence"}
    assert state.set_people(list(people)) == set()
    assert state.add_filed({"d1": Filing("p1", "Mona", AT)}) == {"filed", "presence"}
    assert state.add_filed({"d2": Filing("p1", "Mona", AT), "d1": Filing("p1", "Mona", AT)}) == {"filed", "presence"}
    assert state.add_filed({"d2": Filing("p1", "Mona", AT)}) == set()
    assert shown(state, "presence", MONA) == [
        {"id": "p1", "name": "Mona", "feed_filed": {"id": "d2", "at": AT}, "since": AT},
        {"id": "p2", "name": "Lena", "feed_filed": None, "since": AT},
    ]
    assert state.names() == {"p1": "Mona", "p2": "Lena"}


def test_the_newest_are_kept_with_who_filed_them_newest_first() -> None:
    state = DeskState()
    state.add_filed({f"d{number:03}": Filing(f"p{number % 2 + 1}", "x", AT) for number in range(MOST + 5)})
    filed = shown(state, "filed", MONA)
    assert (next(iter(filed)), list(filed)[-1], len(filed)) == (f"d{MOST + 4}", "d005", MOST)
    assert filed["d006"] == {"id": "p1", "name": "x", "mine": True}
    assert shown(state, "filed", LENA)["d006"]["mine"] is False
    assert state.add_filed({"d000": Filing("p1", "x", AT)}) == set(), "it is no longer among the newest"


def test_correspondents_see_only_what_they_hold() -> None:
    state = DeskState()
    held = [Held({"id": "h1"}, "p1"), Held({"id": "h2"}, "p2")]
    assert state.set_held(held) == {"held"}
    assert state.set_held(list(held)) == set()
    assert shown(state, "held", MONA) == [{"id": "h1"}]
    assert shown(state, "held", LENA) == [{"id": "h1"}, {"id": "h2"}]


def test_no_frame_has_more_than_a_desk_can_use() -> None:
    state = DeskState()
    state.set_held([Held({"id": f"h{number}"}, "p1") for number in range(MOST + 1)])
    state.set_people([Attendant("n", f"p{number}", "x", AT) for number in range(MOST + 1)])
    state.set_flashes([Flash(f"d{number:03}", 1, "p1", "Mona", AT) for number in range(MOST + 1)])
    for kind in ("presence", "held", "flash"):
        assert len(shown(state, kind, LENA)) == MOST


def test_a_flash_is_shown_with_who_asked() -> None:
    state = DeskState()
    one, two = Flash("d1", 3, "p1", "Mona", AT), Flash("d2", 1, "p2", "Lena", AT)
    assert state.set_flashes([two, one]) == {"flash"}
    assert state.set_flashes([one, two]) == set()
    assert shown(state, "flash", MONA)[0] == {
        "id": "d1",
        "revision": 3,
        "asked_by": {"id": "p1", "name": "Mona"},
        "confirm_by": AT,
    }


def test_deliveries_are_shown_one_by_one_and_forgotten() -> None:
    state = DeskState()
    assert state.set_delivery("d1", {"readers": 3})
    assert not state.set_delivery("d1", {"readers": 3})
    assert state.set_delivery("d1", {"readers": 4})
    assert state.delivery_frame("d1") == {"type": "desk", "kind": "delivery", "id": "d1", "delivery": {"readers": 4}}
    assert state.first_frames(MONA)[4:] == [state.delivery_frame("d1")]
    state.keep_deliveries({"d2"})
    assert state.deliveries == {}
