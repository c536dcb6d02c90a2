"""What bodies of responses hold: schemas and examples, a file for each kind of thing that has many."""
