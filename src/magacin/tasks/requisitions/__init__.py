"""Requisitions and their lines."""
