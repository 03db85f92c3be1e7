"""Backups: what there is, when more are made, and how one is brought back."""
