"""Prints: labels of locations, and pick lists on paper."""
