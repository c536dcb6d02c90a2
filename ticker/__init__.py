"""A breaking-news service. This is the map: how a dispatch gets from a POST to every reader's page, file by file.

In, from a correspondent:

    server/acceptor.py    accepts the connection, and sees that its first bytes do not ask for a stream or for changes
    server/requests.py    parses the request within limits (uvicorn's protocol) and calls the application
    web/app.py            finds the route; each resource is a file, such as web/dispatches.py
    web/operation.py,     the route's description above the handler names a role; the key is looked up before the
    web/auth.py           handler runs
    dispatch.py           untrusted JSON becomes a Draft, or an error of errors.py that names the field
    changes/file.py       Draft and key become a File: each kind of change is a file in changes/
    web/append.py         passes it to the journal and responds 201 with the receipt once it is kept and, for at most
                          0.25 s, until this node has shown it

Kept, in Redis or Valkey:

    journal/log.py        sends the change to the script and waits for disk and replicas
    journal/append.lua    in one atomic run: checks it, gives it the next offset, chains its hash, stores, publishes

Out, on every node:

    follower.py           receives the entry by pub/sub, or reads from the log what pub/sub did not deliver
    follow.py             decides, without I/O: is it the next entry, a gap, or a fork? Is this node in sync with Redis?
    hub.py, channel.py    make one frame of the entry and keep it in the ring (changes/, wire.py, ring.py), fold the
                          entry into what the feed shows (changes/, feed.py), and write the frame to the socket of each
                          reader who has caught up, one group of them after another (caught_up.py)
    lagging.py            brings the other readers up to date from the ring, once their sockets drain
    freshness.py          tells readers whether what they see is proven to be current: `beat` or `delayed`

The reader came in by the same acceptor: web/admission.py admitted the request, server/hand_off.py sent the response
and gave the socket to the hub as server/reader.py, without a task or a transport. In the page, clients/feed/fold.js
folds the frame by the same rules as feed.py.

Around it: server/supervisor.py starts workers and the embedded Valkey (journal/embedded.py), node.py puts one process
together, release.py files held dispatches when they are due, cli/ has a file for each command, and load/ the readers
of `ticker bench`. client/ is a library for programs; it imports nothing of the service. Imports run one way, from cli/
down to errors.py; tests/test_layers.py has the order.
"""
