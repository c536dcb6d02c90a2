"""Lighthouse, pinned in package.json, on the desk as a phone loads it; and Chromium's own verdict on installing it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.browser.desk.desk import Desk
from tests.service import Service

LIGHTHOUSE: Final = Path(__file__).parents[3] / "node_modules" / ".bin" / "lighthouse"
CATEGORIES: Final = {"accessibility": 1.0, "best-practices": 0.95}
"""The score that each category must have at least."""

TIMEOUT: Final = 180
"""Seconds for one page, which takes about eight on a quiet machine."""


def report(url: str, **headers: str) -> dict[str, Any]:
    """Return what Lighthouse finds on a page that is requested with these headers."""
    command = [
        str(LIGHTHOUSE),
        url,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        f"--extra-headers={orjson.dumps(headers).decode()}",
    ]
    environment = {**os.environ, "CHROME_PATH": chromium(), "LANG": "en_GB.UTF-8"}
    found = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
    assert found.returncode == 0, found.stderr.decode()
    whole: dict[str, Any] = orjson.loads(found.stdout)
    return whole


def faults(found: dict[str, Any]) -> dict[str, object]:
    """Return each audit that failed with what is at fault."""
    failed = {name: audit for name, audit in found["audits"].items() if audit["score"] not in (1, None)}
    return {name: audit.get("details", {}).get("items") for name, audit in failed.items()}


@pytest.mark.timeout(2 * TIMEOUT)
def test_signing_in(service: Service) -> None:
    found = report(f"{service.url}/desk")
    scores = {name: found["categories"][name]["score"] for name in CATEGORIES}
    assert all(scores[name] >= least for name, least in CATEGORIES.items()), (scores, faults(found))
    # Who is signed in has to be asked: the cookie is out of reach of the page.
    assert set(faults(found)) <= {"errors-in-console"}, faults(found)


@pytest.mark.timeout(2 * TIMEOUT)
def test_an_open_desk_in_arabic(service: Service) -> None:
    feed = service.open_feed("ar")
    service.file(feed, "حريق في مستودع وقود على الرصيف 7", source="المتحدث باسم الدفاع المدني", urgency="urgent")
    signed_in = httpx.post(f"{service.url}/desk/session", json={"key": service.key}, headers={"origin": service.url})
    cookie = f"session={signed_in.cookies['session']}"
    found = report(f"{service.url}/desk/{feed}", **{"Cookie": cookie, "Accept-Language": "ar"})
    assert {name: found["categories"][name]["score"] for name in CATEGORIES} == dict.fromkeys(CATEGORIES, 1), faults(
        found
    )


def test_chromium_finds_it_installable(service: Service, tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        # Not as in other tests: a private window installs nothing.
        phone = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=chromium(), args=FLAGS, viewport={"width": 390, "height": 844}
        )
        tab = phone.new_page()
        tab.goto(f"{service.url}/desk")
        Desk(tab, service.url, feed="").until_installed()
        devtools = phone.new_cdp_session(tab)
        manifest = devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert manifest["url"].endswith("/desk/manifest.webmanifest")
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        phone.close()
