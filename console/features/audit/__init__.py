"""The audit in the window."""
