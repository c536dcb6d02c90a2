"""The settings of a feed as every version of the service stores and reads them."""

import orjson
import pytest

from ticker.journal import names
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

pytestmark = pytest.mark.anyio

OF_0_0 = (
    b'{"name":"ar","title":"\xd8\xb9\xd8\xa7\xd8\xac\xd9\x84","language":"ar","opened":"2026-01-01T00:00:00.000Z",'
    b'"edition_of":"breaking","two_person_flash":true}'
)
"""As the version before feeds could be edited stored them."""


async def test_settings_that_an_older_version_stored_are_read(redis: Redis) -> None:
    await redis("HSET", names.FEEDS, "ar", OF_0_0)
    settings = await Registry(redis).settings("ar")
    assert settings == FeedSettings("ar", "عاجل", "ar", "2026-01-01T00:00:00.000Z", "breaking", two_person_flash=True)
    assert (settings.timezone, settings.origins, settings.visibility, settings.closed) == ("UTC", None, "public", None)
    assert await Registry(redis).feeds() == [settings]


async def test_settings_without_newer_members_are_stored_as_older_versions_read_them() -> None:
    settings = FeedSettings.read(OF_0_0)
    assert settings.stored == OF_0_0
    assert FeedSettings.read(FeedSettings("a", "A", "en", "", closed="2026-01-01T00:00:00.000Z").stored).closed is None


async def test_settings_that_a_later_version_stored_are_read() -> None:
    later = orjson.dumps(orjson.loads(OF_0_0) | {"colour": "red", "origins": ["https://a.example"]})
    assert FeedSettings.read(later).origins == ("https://a.example",)


@pytest.mark.parametrize("origins", [None, (), ("https://a.example", "http://b.example:8080"), ("*",)])
async def test_settings_are_read_as_they_were_stored(origins: tuple[str, ...] | None) -> None:
    settings = FeedSettings("a", "A", "en", "", None, two_person_flash=False, timezone="Asia/Beirut", origins=origins)
    assert FeedSettings.read(settings.stored) == settings
