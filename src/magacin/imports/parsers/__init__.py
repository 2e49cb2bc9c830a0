"""From a file to rows of cells: one module a format, and what they share."""
