"""Processes and sockets: the only place that knows uvicorn."""
