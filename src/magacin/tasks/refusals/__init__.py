"""Refusals: what came from a scanner and is in no task's ledger, because nothing could be made of it."""
