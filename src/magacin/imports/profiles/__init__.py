"""Profiles: how the files of one sender are read, ready-made or kept in the database."""
