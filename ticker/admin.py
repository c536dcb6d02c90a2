"""Bodies of an admin's requests: a feed to be opened or edited, a key to be issued."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from ticker import origins
from ticker.dispatch import Body, FeedName, Language, Line, Visibility
from ticker.errors import Invalid


@cache
def _zones() -> set[str]:
    return zoneinfo.available_timezones() | {"UTC"}  # a system without a time zone database knows UTC all the same


def _timezone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is not a time zone such as UTC or Asia/Beirut (IANA Time Zone Database)")
    return name


PersonId = Annotated[str, Field(pattern="^(p|)[0-9a-f]{12}$")]
Title = Annotated[Line, Field(min_length=1, max_length=100)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Origin = Annotated[str, AfterValidator(origins.origin)]
Origins = Annotated[list[Origin], Field(max_length=100), AfterValidator(origins.alone)]

# What fields are for that a feed has from the start and that can be edited.
_TWO_PERSON_FLASH: Final = "Whether a flash goes out as urgent until a second key has confirmed it."
_TIMEZONE: Final = "Time zone of the feed, as the IANA names it."
_ORIGINS: Final = (
    "Web origins whose pages may read it, `*` alone for all; null for those of the service. Binds browsers."
)
_VISIBILITY: Final = "`public`; `unlisted`: for everybody who knows its name; `private`: for keys that reach it."


class FeedPlan(Body):
    """A feed to be opened.

    `edition_of` names the feed of which this is an edition in another language. With `two_person_flash`, a flash
    goes out as urgent until a second key has confirmed it. `origins` binds browsers, null to those of the service.
    """

    name: FeedName = Field(description="Name of the feed, in addresses.", examples=["breaking-ar"])
    title: Title | None = Field(
        default=None, description="What readers see above the feed. Default: its name.", examples=["عاجل"]
    )
    language: Language = Field(default="en", description="BCP 47 tag.", examples=["ar"])
    edition_of: FeedName | None = Field(
        default=None,
        description="The open feed of which this is an edition in another language.",
        examples=["breaking"],
    )
    two_person_flash: bool = Field(default=False, description=_TWO_PERSON_FLASH)
    timezone: TimeZone = Field(default="UTC", description=_TIMEZONE)
    origins: Origins | None = Field(default=None, description=_ORIGINS)
    visibility: Visibility = Field(default="public", description=_VISIBILITY)
    rehearsal: bool = Field(
        default=False,
        description="Whether it is for training: always private, and marked as a rehearsal wherever it is shown.",
    )


class FeedEdit(Body):
    """What is to be changed of a feed; what is not named stays.

    Of the defaults here none is ever used: a field that is not named is not changed.
    """

    title: Title = Field(default="", description="What readers see above the feed.", examples=["Harbour news"])
    language: Language = Field(
        default="", description="BCP 47 tag that dispatches have from now on unless they say otherwise."
    )
    edition_of: FeedName | None = Field(
        default=None, description="The other feed of which this is an edition in another language; null for none."
    )
    two_person_flash: bool = Field(default=False, description=_TWO_PERSON_FLASH)
    timezone: TimeZone = Field(default="", description=_TIMEZONE, examples=["Asia/Beirut"])
    origins: Origins | None = Field(default=None, description=_ORIGINS, examples=[["https://news.example"]])
    visibility: Visibility = Field(default="public", description=_VISIBILITY)
    closed: None = Field(default=None, description="null opens the feed again; `DELETE` closes it.")

    def changes(self) -> dict[str, Any]:
        """Return what is named.

        Raises:
            Invalid: nothing is.
        """
        changes = self.model_dump(exclude_unset=True)
        if not changes:
            raise Invalid([("title", "is missing; name at least one setting to change")])
        return changes


class PersonPlan(Body):
    """A person to be added, to whom keys can then be issued."""

    name: Annotated[Line, Field(min_length=1, max_length=100)] = Field(
        description="The name, as the audit and the desk show it.", examples=["Lena Ortiz"]
    )


class KeyPlan(Body):
    """A key to be issued. Without feeds it works in all of them; `rate` is in changes a minute."""

    name: Annotated[Line, Field(min_length=1, max_length=100)] = Field(
        description="Who will hold it.", examples=["Lena Ortiz"]
    )
    role: Literal["correspondent", "editor", "admin"] = Field(
        description="How far the key reaches.", examples=["correspondent"]
    )
    feeds: list[FeedName] = Field(
        default=[],  # an empty list is refused: a program that found no feeds must not get a key to all of them
        min_length=1,
        max_length=100,
        description="The feeds it works in, at least one. Without `feeds` it works in all of them.",
        examples=[["breaking"]],
    )
    person: PersonId | None = Field(
        default=None,
        description="Id of the person to whom it belongs. Default: a person of its own, whose id is then the key's.",
        examples=["p3a91c07be552"],
    )
    rate: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Changes a minute it may make, written without a fraction. Default: the service's own limit.",
        examples=[30],
    )
