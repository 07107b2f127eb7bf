"""A version's card as a page."""
