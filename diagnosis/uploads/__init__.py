"""Files in; one diagnosis each, or the reason why not."""
