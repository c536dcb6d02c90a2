"""The tree of errors: statuses, slugs and what each adds to its problem document."""

from __future__ import annotations

import inspect
from http import HTTPStatus

import pytest

from ticker import errors
from ticker.errors import (
    BrokenLog,
    Conflict,
    Gone,
    Invalid,
    StaleRevision,
    TickerError,
    Unavailable,
    unknown_parameters,
)

TREE = [thing for _, thing in inspect.getmembers(errors, inspect.isclass) if issubclass(thing, TickerError)]
ANSWERED = [thing for thing in TREE if thing.status != 500]


def test_an_error_carries_its_sentence_the_field_at_fault_and_when_to_come_back() -> None:
    error = TickerError("The disk is full", field="text", retry_after=7)
    assert (str(error), error.detail, error.field, error.retry_after) == (
        "The disk is full",
        "The disk is full",
        "text",
        7,
    )
    assert error.extra() == {}


def test_field_and_retry_are_left_out_unless_given() -> None:
    error = TickerError("No")
    assert (error.field, error.retry_after) == (None, None)


def test_unknown_parameters_are_named_with_those_that_there_are() -> None:
    assert unknown_parameters(["wiat", "after", "b"], ("after", "wait")) == [
        ("b", "is not a known parameter; the parameters are after, wait"),
        ("wiat", "is not a known parameter; the parameters are after, wait"),
    ]
    assert unknown_parameters({"after": "1"}, ("after", "wait")) == []


@pytest.mark.parametrize("error", ANSWERED)
def test_every_status_is_one_that_http_knows_as_an_error(error: type[TickerError]) -> None:
    assert HTTPStatus(error.status) >= 400


def test_every_kind_of_problem_has_a_slug_and_a_title_of_its_own() -> None:
    kinds = [error for error in ANSWERED if error.__base__ is TickerError]
    assert len(kinds) == len({error.slug for error in kinds}) == len({error.title for error in kinds})


@pytest.mark.parametrize("error", [error for error in ANSWERED if error.__base__ is not TickerError])
def test_a_closer_kind_is_the_same_problem_to_a_program(error: type[TickerError]) -> None:
    kind = error.__base__
    assert kind is not None
    assert issubclass(kind, TickerError)
    assert (error.status, error.slug, error.title) == (kind.status, kind.slug, kind.title)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (errors.Unauthorized, 'Bearer realm="ticker"'),
        (errors.InvalidToken, 'Bearer realm="ticker", error="invalid_token"'),
        (errors.InsufficientScope, 'Bearer realm="ticker", error="insufficient_scope"'),
    ],
)
def test_only_errors_that_another_key_could_heal_challenge_for_one(error: type[TickerError], said: str) -> None:
    assert error.challenge == said
    assert sum(kind.challenge == said for kind in TREE) == 1
    assert errors.Forbidden.challenge is TickerError.challenge is None


@pytest.mark.parametrize("error", TREE)
def test_slugs_can_stand_in_an_address(error: type[TickerError]) -> None:
    assert error.slug.replace("-", "").isalpha()
    assert error.slug.islower()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("BadRequest", 400),
        ("Unauthorized", 401),
        ("Forbidden", 403),
        ("NotFound", 404),
        ("NoSuchAddress", 404),
        ("WrongMethod", 405),
        ("Conflict", 409),
        ("Gone", 410),
        ("StaleRevision", 412),
        ("TooLarge", 413),
        ("Invalid", 422),
        ("KeyReused", 422),
        ("UpgradeRequired", 426),
        ("PreconditionRequired", 428),
        ("Unavailable", 503),
    ],
)
def test_each_error_is_answered_with_the_status_the_contract_gives_it(name: str, status: int) -> None:
    assert getattr(errors, name).status == status


def test_a_killed_dispatch_answers_with_its_tombstone() -> None:
    tombstone: dict[str, object] = {"id": "01", "status": "killed", "reason": "withdrawn"}
    assert Gone("It was killed", tombstone=tombstone).extra() == {"dispatch": tombstone}


def test_a_stale_revision_names_the_header_and_the_revision_that_stands() -> None:
    error = StaleRevision("Look again", revision=4)
    assert error.field == "If-Match"
    assert error.extra() == {"revision": 4}


def test_an_invalid_body_lists_every_fault_and_speaks_of_the_first() -> None:
    error = Invalid([("text", "is required"), ("link", "is not an address")])
    assert error.field == "text"
    assert str(error) == "text: is required"
    assert error.extra() == {
        "errors": [
            {"field": "text", "detail": "is required"},
            {"field": "link", "detail": "is not an address"},
        ]
    }


@pytest.mark.parametrize(("error", "seconds"), [(Unavailable("Later"), 2), (Unavailable("Later", retry_after=30), 30)])
def test_an_unavailable_service_always_says_when_to_come_back(error: Unavailable, seconds: int) -> None:
    assert error.retry_after == seconds


def test_a_damaged_log_is_no_response_to_a_client() -> None:
    assert not issubclass(BrokenLog, TickerError)


def test_a_conflict_can_carry_members_of_its_own() -> None:
    assert Conflict("It is there").extra() == {}
    assert Conflict("It is there", extra={"position": "1-0a"}).extra() == {"position": "1-0a"}


def test_a_relay_names_the_upstream_that_takes_what_it_does_not() -> None:
    error = errors.Misdirected("File at the upstream", upstream="https://news.example")
    assert (error.status, error.extra()) == (421, {"upstream": "https://news.example"})
