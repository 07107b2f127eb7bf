"""Whose radiograph it is."""
