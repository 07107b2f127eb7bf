"""Counts of results over time, and the live scorecard: figures of a whole institution, never of one patient."""
