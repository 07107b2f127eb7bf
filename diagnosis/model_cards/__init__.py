"""A version's model_card.json as a page. The file may be damaged: what is missing is said, never invented."""
