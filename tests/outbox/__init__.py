"""The desk's outbox against a real service: schedules of failures, made from seeds.

What runs is what runs in the browser: the outbox, its senders and its requests (clients/desk), in Node with a
database in memory. Two tabs are closed, die and come back, the service worker sends beside them, the network goes and
returns, requests and responses are lost, the service is killed and its database suspended. In the end the feed must
have each dispatch once, in the order of composing.
"""
