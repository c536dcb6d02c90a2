"""The service as machines are told of it: OpenAPI for what is asked, AsyncAPI for what is streamed.

`bodies` is what a request may say, `answers` and `faults` what comes back, `examples` one evening that all of them
tell of, and `operations` every route with these at its places. `openapi` and `asyncapi` put the documents together,
and `page` serves them, and the first as a page for people. PROTOCOL.md says the same to people, with the reasons.
"""
