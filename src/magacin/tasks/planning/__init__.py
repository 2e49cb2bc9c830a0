"""Planning: which task picks which pieces, and where."""
