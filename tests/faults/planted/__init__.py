"""Bugs that the fault plans must catch. The folder goes into PYTHONPATH of the nodes; see `sitecustomize.py`."""
