"""What a person asks for on the command line: passes, plans, states of things, and how they are shown.

Arguments and exit codes are read and given in `cli`. Nothing here is imported by anything but it and the tests.
"""
