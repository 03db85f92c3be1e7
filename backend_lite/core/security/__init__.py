"""Passwords, secrets, the private CA, who may do what."""
