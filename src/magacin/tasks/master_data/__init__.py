"""Articles and locations as files."""
