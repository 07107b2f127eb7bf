"""What waits for a review, in which order, and who is reading it."""
