"""Drills: something is broken or said on purpose, to see that it reaches a person."""
