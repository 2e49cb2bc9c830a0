"""All formats, one a file, each with a `FORMAT`. What is in this folder is imported."""
