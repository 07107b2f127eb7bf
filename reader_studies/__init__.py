"""Reader studies: several radiographers read the same cases, without and with the model's answer; what that shows."""
