"""The language between agent and service. Standard library only, imports nothing else of ours."""
