"""HTTP in front of the node: the only place that knows Starlette."""
