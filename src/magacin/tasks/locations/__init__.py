"""Locations: where articles lie."""
