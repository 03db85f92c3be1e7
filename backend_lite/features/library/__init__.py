"""What can be run: scripts and their immutable revisions."""
