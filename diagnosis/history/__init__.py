"""What was done to a study, written down."""
