"""Figures against the budgets of the product: `python -m tests.bench NAME ...` or `all`."""
