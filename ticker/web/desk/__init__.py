"""The desk: its pages."""
