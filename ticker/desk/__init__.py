"""What the desk of correspondents decides, without I/O: sessions, and who signs in with what."""
