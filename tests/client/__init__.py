"""Tests of the Python client: each module for itself, then all of it against the real service."""
