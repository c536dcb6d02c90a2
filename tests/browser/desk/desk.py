"""The desk as a test uses it: by its stable hooks."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import PATIENCE as PATIENCE  # noqa: PLC0414  # tests of the desk take it from here
from tests.browser.waiting import until

DUMP = """
async () => {
  const found = [document.documentElement.outerHTML];
  for (const field of document.querySelectorAll("input, textarea")) found.push(field.value);
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    for (const store of database.objectStoreNames) {
      found.push(await new Promise((resolve) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(JSON.stringify(request.result));
      }));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.push(request.url, await (await cache.match(request)).text());
  }
  found.push(JSON.stringify(localStorage), JSON.stringify(sessionStorage));
  return found.join("\\n");
}
"""
"""Everything that this browser keeps of the service: page, fields, databases, caches, storage."""

ALL = """(store) => new Promise((resolve) => {
  indexedDB.databases().then(([{ name }]) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => {
      const all = request.result.transaction(store).objectStore(store).getAll();
      all.onsuccess = () => { request.result.close(); resolve(all.result); };
    };
  });
})"""
"""What a store of the browser's database holds."""

AGE = """(hours) => new Promise((resolve, reject) => {
  indexedDB.databases().then(([{ name }]) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => {
      const transaction = request.result.transaction("items", "readwrite");
      const items = transaction.objectStore("items");
      items.getAll().onsuccess = ({ target }) => {
        for (const item of target.result) {
          items.put({ ...item, written: item.written - hours * 3_600_000, since: item.since - hours * 3_600_000 });
        }
      };
      transaction.onabort = () => reject(transaction.error);
      transaction.oncomplete = () => { request.result.close(); resolve(); };
    };
  });
})"""
"""Makes what lies in the outbox older for every sender: the service worker does not see the shifted clock of a page."""

PAUSE = "new Promise((resolve) => setTimeout(resolve, 20))"


class Desk:
    """The desk of one feed in one tab."""

    def __init__(self, tab: Page, url: str, feed: str) -> None:
        self.tab, self.url, self.feed = tab, url, feed
        tab.set_default_timeout(PATIENCE)
        self.text = tab.locator("textarea[name=text]")
        self.outbox = tab.locator("[data-outbox]")

    def open(self) -> None:
        self.tab.goto(f"{self.url}/desk/{self.feed}")

    def sign_in(self, key: str) -> None:
        """Sign in with a key and wait until the wire is live."""
        self.open()
        self.tab.fill("form[name=sign-in] input[name=key]", key)
        self.tab.locator("form[name=sign-in] [type=submit]").click()
        self.until_live()

    def until_live(self) -> None:
        expect(self.tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=PATIENCE)

    def until_installed(self) -> None:
        """Wait until the service worker has the page."""
        self._until(
            "async () => (await navigator.serviceWorker.ready).active?.state === 'activated'"
            " && (await (await caches.open((await caches.keys())[0] ?? 'x')).keys()).length > 3"
        )

    def _until(self, true: str, given: str = "") -> None:
        """Wait until an async function returns something true; Playwright's own wait takes the promise for that."""
        self.tab.evaluate(f"async (given) => {{ while (!(await ({true})(given))) await {PAUSE}; }}", given)

    def file(self, text: str) -> None:
        """Type a dispatch and file it; return once it lies in the outbox, or has gone."""
        self.text.fill(text)
        self.tab.locator("button[name=file]").click()
        expect(self.text).to_have_value("", timeout=PATIENCE)

    def in_state(self, state: str) -> Locator:
        return self.tab.locator(f'[data-outbox][data-state="{state}"]')

    def row(self, id: str) -> Locator:
        return self.tab.locator(f'#wire [data-id="{id}"]')

    def dump(self) -> str:
        found: str = self.tab.evaluate(DUMP)
        return found

    def until_forgotten(self, text: str) -> None:
        """Wait until nothing in this browser has a text: the database clears it a moment after the page."""
        until(self.tab, lambda: text not in self.dump())

    def items(self) -> list[dict[str, Any]]:
        """What lies in the outbox, as the browser keeps it."""
        return self._stored("items")

    def age(self, hours: int) -> None:
        """Let all that lies in the outbox have been written so much earlier."""
        self.tab.evaluate(AGE, hours)

    def holder(self) -> str:
        """The tab that may send, as the browser keeps it."""
        [lease] = self._stored("lease")
        return str(lease["holder"])

    def _stored(self, store: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.tab.evaluate(ALL, store)
        return found

    def until_noted(self, text: str) -> None:
        """Wait until what is half written lies in the browser."""
        self._until(f"async (text) => JSON.stringify(await ({ALL})('notes')).includes(text)", text)
