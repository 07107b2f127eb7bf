"""Backbone, head, tensors."""
