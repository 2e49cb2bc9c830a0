"""Screens on walls: the codes that bring them in, what they ask with, ending them."""
