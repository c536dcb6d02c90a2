"""The service described for machines: OpenAPI for requests, AsyncAPI for streams.

Each route is described where it is handled (`ticker.web.operation`). `openapi` and `asyncapi` put the documents
together: `bodies` makes schemas of the models of requests, `faults` those of errors, and `examples` is the evening that
all examples are taken from. `page` serves the documents, and the first as a page for people. PROTOCOL.md
has the same for people, with the reasons.
"""
