"""What an attacker would try, at every address; `python -m tests.security` runs the long forms."""
