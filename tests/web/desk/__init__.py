"""Tests of the desk of correspondents, on real nodes."""
