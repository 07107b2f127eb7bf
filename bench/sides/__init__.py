"""What each process of the benchmark can be asked for: a module for each, with its functions by name in CALLS."""
