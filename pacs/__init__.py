"""The PACS: radiographs received from it or fetched out of it, and results sent back into it (docs/pacs.md)."""
