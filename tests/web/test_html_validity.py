"""Every HTML page of the service passes the Nu HTML checker, which knows the HTML standard and ARIA in HTML."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest

from tests.service import Service
from ticker.web.app import OPERATIONS

ROOT: Final = Path(__file__).parents[2]
CHECKER: Final = ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"

PAGES: Final = [
    operation.path for operation in OPERATIONS if any(each.media_type == "text/html" for each in operation.returns)
]
NOT_MISTAKES: Final = [
    # An attribute of every element by CSS Shadow Parts (section 3), which the checker does not know.
    re.compile("^Attribute .part. not allowed on element"),
    # Safari takes the role away from lists without bullets; the role gives it back.
    re.compile("^The .list. role is unnecessary for element"),
]

TEXTS: Final = {"en": 'Bridge <b>closed</b> & "barred" at 5 o\'clock', "ar": "إغلاق الجسر في الاتجاهين"}


def lived_in(service: Service, language: str, text: str) -> list[str]:
    """Live through what pages show, in a feed of its own; return the addresses of its pages."""
    feed, empty, closed = (service.open_feed(language) for _ in range(3))
    of_feed, others = f"/v1/feeds/{feed}", service.open_feed("es")
    more: dict[str, Any] = {"story": "bridge", "sections": ["Transport & more"], "places": ["Port <Marada>"]}
    more |= {"source": "Reuters نقلا", "byline": "Lena Ortiz", "dateline": "Port Marada", "urgency": "flash"}
    more |= {"link": "https://news.example/a?b=1&c=2", "occurred": "2026-03-11T14:09:40+03:00"}
    ids = [service.file(feed, f"{text} {number}", **more)["id"] for number in range(25)]
    service.http.patch(
        f"{of_feed}/dispatches/{ids[-1]}", json={"text": text, "note": "Not <two>"}, headers={"if-match": "*"}
    ).raise_for_status()
    service.http.post(f"{of_feed}/dispatches/{ids[-2]}/kill", json={"reason": 'It was "not" so'}).raise_for_status()
    service.http.put(f"{of_feed}/pin", json={"id": ids[-3]}).raise_for_status()
    air = {"on": False, "label": "Watch & see", "url": "https://news.example/live?a=1&b=2"}
    service.http.put(f"{of_feed}/air", json=air).raise_for_status()
    edition = service.file(others, "Puente cerrado", edition_of=f"{feed}/{ids[-1]}")["id"]
    service.file(closed, text)
    service.http.delete(f"/v1/feeds/{closed}").raise_for_status()
    page, embed = f"/feeds/{feed}", f"/embed/feeds/{feed}"
    return [
        page,
        f"/feeds/{empty}",
        f"/feeds/{closed}",
        f"/feeds/{others}/{edition}",
        *(f"{page}/{id}" for id in ids[-3:]),
        f"{page}/{ids[-1]}?before=nothing",
        f"{page}/stories/bridge",
        f"{page}/stories/nothing",
        f"{page}/nothing",
        "/feeds/nowhere",
        f"/embed?feed={feed}&lang={language}",
        f"/embed?feed={empty}",
        "/embed?feed=nowhere",
        *(f"{embed}?layout={layout}&schema=always" for layout in ("list", "strip", "line")),
        f"{embed}/fragment?schema=always",
        f"{embed}/fragment?layout=strip",
        f"/embed/feeds/{empty}/fragment",
        *(f"{embed}/{id}" for id in ids[-3:]),
        f"{embed}/nothing",
        f"{embed}?limit=many",
        f"/desk/{feed}",
    ]


@pytest.fixture(scope="module")
def pages(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """Pages in files, each with its address."""
    folder = tmp_path_factory.mktemp("pages")
    found: dict[Path, str] = {}
    seen: set[str] = set()
    addresses = [address for language, text in TEXTS.items() for address in lived_in(service, language, text)]
    for address in ["/", "/docs", "/desk", "/embed", "/nothing-at-all", *addresses]:
        response = httpx.get(service.url + address, headers={"accept": "text/html"})
        assert response.headers["content-type"].startswith("text/html"), address
        seen |= {each for each in PAGES if _routed(each, address) and response.status_code == 200}
        path = folder / f"{len(found)}.html"
        path.write_text(_whole(address, response.text), "utf-8")
        found[path] = f"{address} ({response.status_code})"
        if address.startswith("/embed?feed=") and response.status_code == 200:
            # What embedders copy: the text of each snippet that is HTML.
            shown = re.findall(r"<pre[^>]*><code[^>]*>(.*?)</code></pre>", response.text, re.DOTALL)
            copied = [each for each in map(html.unescape, shown) if each.startswith("<iframe")]
            assert copied, "no snippet with an iframe"
            for snippet in copied:
                path = folder / f"{len(found)}.html"
                path.write_text(_in_page(snippet), "utf-8")
                found[path] = f"snippet of {address}"
    assert seen == set(PAGES), "a page that nobody looks at"
    return found


def _routed(path: str, address: str) -> bool:
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), address.partition("?")[0]) is not None


def _whole(address: str, text: str) -> str:
    return _in_page(text) if "/fragment" in address else text


def _in_page(part: str) -> str:
    return f'<!doctype html>\n<html lang="en">\n<title>A page that includes it</title>\n<h1>News</h1>\n{part}\n</html>'


def found_in(paths: list[Path]) -> dict[Path, list[str]]:
    """Return what the checker says about some files, each message with the text that it is about."""
    command = [
        "java",
        "-Xss2m",
        "-jar",
        str(CHECKER),
        "--stdout",
        "--exit-zero-always",
        "--format",
        "json",
        *map(str, paths),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[Path, list[str]] = {}
    for message in orjson.loads(run.stdout)["messages"]:
        path = Path(message["url"].removeprefix("file:"))
        if not any(known.search(message["message"]) for known in NOT_MISTAKES):
            found.setdefault(path, []).append(f"{message['message']} {message.get('extract', '')!r}")
    return found


def test_the_checker_finds_nothing(pages: dict[Path, str]) -> None:
    found = found_in([*pages])
    said = "\n".join(f"{pages[path]}: {each}" for path, messages in found.items() for each in messages)
    assert not said, said


def test_the_checker_sees_a_mistake(tmp_path: Path) -> None:
    page = tmp_path / "mistaken.html"
    page.write_text(_in_page('<iframe src="/" width="100%"></iframe>'), "utf-8")
    assert "Bad value" in str(found_in([page]))
