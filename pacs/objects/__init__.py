"""What is sent back into a study: structured report, secondary capture, PDF; and a de-identified copy."""
