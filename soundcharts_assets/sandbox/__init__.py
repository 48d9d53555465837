"""A local Soundcharts API for people without an account and for tests on real HTTP.

Belongs here: everything that plays the vendor's part (data, answers, faults, metering) and the helper that runs it.
Does not belong here: anything the product needs at run time; the product must not know that it talks to a sandbox.
"""
