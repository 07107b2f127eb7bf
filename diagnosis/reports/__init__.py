"""A diagnosis as a PDF, and its verification."""
