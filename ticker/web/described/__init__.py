"""The service as machines are told of it: OpenAPI for what is asked, AsyncAPI for what is streamed.

Each route is described where it is handled (`ticker.web.operation`). `openapi` and `asyncapi` put the documents
together: `bodies` makes schemas of the models of requests, `faults` those of errors, and `examples` is one evening that
the examples of all of them tell of. `page` serves the documents, and the first as a page for people. PROTOCOL.md says
the same to people, with the reasons.
"""
