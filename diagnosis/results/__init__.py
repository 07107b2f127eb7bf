"""The list, and the page of one result."""
