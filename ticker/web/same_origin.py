"""From which page a request comes: one of this service, or one of another site.

Browsers name the origin of a page in `Origin` and say in `Sec-Fetch-Site` how it relates to the address that is asked
(W3C Fetch Metadata). No script can set either. A program sends neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from ticker.errors import CrossSite
from ticker.origins import host
from ticker.settings import Settings


def foreign_origin(settings: Settings, headers: Mapping[str, str]) -> str | None:
    """Return the origin of the page that asks; None if it is the service's own, or no page asks.

    The service's own origin is that of `TICKER_PUBLIC_URL`, or else the host that was asked, by either scheme: TLS may
    have ended at a proxy.
    """
    origin = headers.get("origin")
    if origin is None or origin == settings.public_origin:
        return None
    name = host(headers.get("host")) if settings.public_origin is None else None
    own = name is not None and origin in (f"http://{name.removesuffix(':80')}", f"https://{name.removesuffix(':443')}")
    return None if own else origin


def refuse_cross_site(settings: Settings, headers: Mapping[str, str], *, strict: bool) -> None:
    """Refuse a request with a cookie that a browser may have sent for a page of another site.

    Browsers add a cookie whichever page makes the request, so it alone does not show that the desk asked. `strict` is
    for what has an effect, and for WebSockets, which browsers open across origins: the browser must say that the page
    is ours. Otherwise it is enough that it does not say that it is another.

    Raises:
        CrossSite: the request comes from elsewhere, or, if `strict`, may.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:  # not sent over plain HTTP, except to the machine itself
        ours = site == "same-origin" or (site == "none" and not strict)  # none: an address typed or a bookmark
    elif "origin" in headers:
        ours = foreign_origin(settings, headers) is None
    else:
        ours = not strict
    if not ours:
        raise cross_site(headers)


def cross_site(headers: Mapping[str, str]) -> CrossSite:
    """Return the error for a request with a cookie that a page of another site may have made."""
    field = "Sec-Fetch-Site" if "sec-fetch-site" in headers else "Origin"
    return CrossSite("With a session, requests are accepted from pages of this service alone", field=field)
