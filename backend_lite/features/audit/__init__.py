"""The audit: reading, checking, exporting, and sealing what is old."""
