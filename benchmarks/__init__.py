"""Measurements that are run by hand, on sizes that tests do not reach. Nothing here is part of the program."""
