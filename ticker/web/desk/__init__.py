"""The desk of correspondents over HTTP: sessions, and what those who are signed in follow."""
