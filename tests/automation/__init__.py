"""Tests of what happens unattended."""
