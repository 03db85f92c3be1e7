"""Signing in, and making the owner at the first start."""
