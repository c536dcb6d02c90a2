"""The log in Redis: the only place that knows Redis."""
