"""The `doctor` command: what stands in the way of complete and fresh data, and what to do about each of it.

No check makes a billed call, changes a setting or prints a secret. How findings are shown is the business of `console`;
how complete and fresh the data are, that of `status`.
"""
