"""Shortages: what was required and could not be picked."""
