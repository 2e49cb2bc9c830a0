"""Magacin Track: the work of a warehouse, live and measured."""

__version__ = "0.1.0"
