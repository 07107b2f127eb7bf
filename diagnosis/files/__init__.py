"""Stored files: written, handed out, found again."""
