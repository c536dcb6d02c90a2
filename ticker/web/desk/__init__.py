"""The desk of correspondents over HTTP: its pages, sessions, and what those who are signed in follow."""
