"""Tests of the refresh loop: what is decided, what is kept, and what runs while the network is waited for."""
