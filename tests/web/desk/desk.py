"""A correspondent's browser at the desk, as the tests drive it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any

import httpx

from tests.service import Service

OURS = {"sec-fetch-site": "same-origin"}


def key(service: Service, role: str = "correspondent", *feeds: str, name: str = "Lena Ortiz") -> dict[str, Any]:
    """Issue a key and return it as it was issued."""
    answer = service.http.post("/v1/keys", json={"name": name, "role": role, "feeds": list(feeds)})
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    """The cookie that a response sets."""
    return SimpleCookie(answer.headers["set-cookie"])


class Browser:
    """A browser that has the desk open: it keeps the cookie, and sends with it what browsers send."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers=OURS, timeout=15.0)

    def sign_in(self, **given: str) -> dict[str, Any]:
        answer = self.http.post("/desk/session", json=given)
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session

    @property
    def secret(self) -> str:
        [secret] = self.http.cookies.values()
        return secret

    @property
    def cookie(self) -> dict[str, str]:
        """The header that carries the session."""
        return {"cookie": f"session={self.secret}"}


@contextmanager
def signed_in(url: str, **given: str) -> Iterator[Browser]:
    """A browser that is signed in at a node."""
    browser = Browser(url)
    with browser.http:
        browser.sign_in(**given)
        yield browser
