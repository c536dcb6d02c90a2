"""The service beside its peers, on the same work in the same run. `python -m bench` writes REPORT.md."""
