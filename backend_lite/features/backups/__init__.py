"""Backups: made, verified, kept, and packed into recovery kits."""
