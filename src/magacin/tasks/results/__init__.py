"""What came of requisitions that were closed, for the systems that they came from."""
