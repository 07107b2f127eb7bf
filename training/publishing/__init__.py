"""Assemble, check, describe, quantise a version."""
