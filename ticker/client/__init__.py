"""A Python client: files, corrects and kills dispatches, and follows feeds. It does not import the service.

`Client` and `AsyncClient` look alike. Pure modules make their decisions: they are given what arrives and the time, and
never wait.

    writes, reads → request         each request, before any HTTP library has seen it
    sending, response, problems     when to send it again, and what its failure means
    connection → attempt, poll      when to open which transport, and from which position
    dispatch                        the dispatches and the fields of the feed
    frames → fold                   what arrives, and what it adds up to
    freshness → clock               whether that may be called LIVE
    following                       connection, fold and freshness together, as changes
    outage                          why a feed is not connected

`exchange` and `transports` (httpx, websockets), `async_follow`, `sync_follow` and the two clients do the I/O.
docs/client.md is the manual; PROTOCOL.md is the contract; clients/feed is the same in JavaScript.
"""

from ticker.client.async_client import AsyncClient
from ticker.client.async_follow import AsyncFollow
from ticker.client.attempt import Transport
from ticker.client.dispatch import Corrections, Dispatch, Fields, FullDispatch, HeldDispatch, Tombstone, Urgency, Usable
from ticker.client.fold import FeedState, fold, learn, pin_is_missing
from ticker.client.following import Change, Status, StatusName
from ticker.client.frames import Air, Frame, SnapshotFrame, read_frame
from ticker.client.outage import Outage
from ticker.client.problems import (
    BadRequest,
    ClientError,
    Closed,
    Conflict,
    CrossSite,
    DeadlineExceeded,
    Forbidden,
    HeadTooLarge,
    IdempotencyKeyReused,
    IfMatchRequired,
    Internal,
    Invalid,
    InvitationEnded,
    Killed,
    Misdirected,
    NoSuchAddress,
    NotFound,
    NotSupported,
    Problem,
    StaleRevision,
    TooLarge,
    TooMany,
    TooManyConnections,
    TooSlow,
    Unauthorized,
    Unavailable,
    UnexpectedResponse,
    UpgradeRequired,
    WrongMethod,
)
from ticker.client.sync_client import Client
from ticker.client.sync_follow import Follow
from ticker.client.writes import (
    CorrectedReceipt,
    EditedReceipt,
    FeedReceipt,
    FiledReceipt,
    HeldReceipt,
    KilledReceipt,
    Similar,
    SpikedReceipt,
)

__all__ = [
    "Air",
    "AsyncClient",
    "AsyncFollow",
    "BadRequest",
    "Change",
    "Client",
    "ClientError",
    "Closed",
    "Conflict",
    "CorrectedReceipt",
    "Corrections",
    "CrossSite",
    "DeadlineExceeded",
    "Dispatch",
    "EditedReceipt",
    "FeedReceipt",
    "FeedState",
    "Fields",
    "FiledReceipt",
    "Follow",
    "Forbidden",
    "Frame",
    "FullDispatch",
    "HeadTooLarge",
    "HeldDispatch",
    "HeldReceipt",
    "IdempotencyKeyReused",
    "IfMatchRequired",
    "Internal",
    "Invalid",
    "InvitationEnded",
    "Killed",
    "KilledReceipt",
    "Misdirected",
    "NoSuchAddress",
    "NotFound",
    "NotSupported",
    "Outage",
    "Problem",
    "Similar",
    "SnapshotFrame",
    "SpikedReceipt",
    "StaleRevision",
    "Status",
    "StatusName",
    "Tombstone",
    "TooLarge",
    "TooMany",
    "TooManyConnections",
    "TooSlow",
    "Transport",
    "Unauthorized",
    "Unavailable",
    "UnexpectedResponse",
    "UpgradeRequired",
    "Urgency",
    "Usable",
    "WrongMethod",
    "fold",
    "learn",
    "pin_is_missing",
    "read_frame",
]
