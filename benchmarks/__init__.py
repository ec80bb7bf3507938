"""Measurements that print figures of one run; never part of the tests."""
