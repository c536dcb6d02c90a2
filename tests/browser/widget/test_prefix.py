"""A service under a path of a larger site, behind Debian's nginx, which strips the prefix or passes it on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, ticker
from tests.browser.widget.gate import Gate
from tests.browser.widget.test_transports import BLOCKED
from tests.nginx import nginx
from tests.servers import free_port
from tests.service import Service

SERVER = """
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 404; }}
    location /ticker/ {{
      proxy_pass http://127.0.0.1:{upstream}{rest};
      proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
"""


def behind(port: int, upstream: int, *, strips: bool) -> str:
    """Return the configuration of a site with the service at /ticker/."""
    return SERVER.format(port=port, upstream=upstream, rest="/" if strips else "")


@pytest.mark.parametrize(("left", "strips"), [("websocket", True), ("websocket", False), ("GET", False)])
def test_widget_links_and_pages_stay_under_the_prefix(host: Host, tmp_path: Path, left: str, *, strips: bool) -> None:
    with Gate(0) as gate:  # its port is in the public URL, so it comes first
        public = f"{gate.url}/ticker"
        with (
            Service(tmp_path, public_url=public) as service,
            nginx(tmp_path / "nginx", port := free_port(), behind(port, service.port, strips=strips)),
        ):
            gate.upstream = port
            gate.blocked = BLOCKED[left]
            host.gate = gate
            host.prefix = "/ticker"
            service.file("breaking", "Bridge closed", urgency="flash")
            widget = host.open(ticker("breaking"))
            host.until_state("live")
            service.file("breaking", "Bridge open")
            expect(widget.locator("[part=text]")).to_have_text(["Bridge open", "Bridge closed"])
            assert all(asked.path.startswith("/ticker/") for asked in gate.asked)
            host.picture(f"prefix-{left}-{strips}")
            links = widget.locator("[data-id] a.permalink, a[part=link]")
            for link in links.evaluate_all("links => links.map(link => link.href)"):
                assert link.startswith(f"{public}/feeds/breaking")
                assert host.page.request.get(link).status == 200
            if left == "websocket":
                # The service's own page, by the same prefix, is live too and loads nothing from elsewhere.
                host.page.goto(f"{public}/feeds/breaking")
                host.until(lambda: any(a.how == "websocket" and a.headers["origin"] == gate.url for a in gate.asked))
                expect(host.page.locator("[data-state=live]").first).to_be_visible()
                assert all(asked.path.startswith("/ticker/") for asked in gate.asked)
                host.picture(f"prefix-reader-{strips}")
    assert host.errors == [] or left != "websocket"
