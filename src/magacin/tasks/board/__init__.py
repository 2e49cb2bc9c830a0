"""The totals on the wall."""
