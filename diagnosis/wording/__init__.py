"""Numbers, answers, errors as text."""
