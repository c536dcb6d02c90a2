"""What is checked of a history, one file for each law."""
