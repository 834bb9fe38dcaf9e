"""Constructs that more than one stack is built from."""
