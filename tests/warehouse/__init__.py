"""Tests of the warehouse. They import nothing but it, so that they run on every DuckDB it claims to support."""
