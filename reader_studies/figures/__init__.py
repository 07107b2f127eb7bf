"""The figures of a reader study from arrays: agreement, accuracy, differences, each with its interval (no Django)."""
