"""Bytes → pixels → pictures, without Django."""
