"""Ordered, named and recorded changes of the tables; `cases/schema.py` runs them."""
