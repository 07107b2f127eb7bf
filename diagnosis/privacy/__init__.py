"""Export, erase, forget after a time."""
