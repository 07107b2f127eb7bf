"""Everything that an installation holds as one file, and an empty installation filled from it."""
