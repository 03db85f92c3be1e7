"""Whole copies of a data folder: made, verified, brought back."""
