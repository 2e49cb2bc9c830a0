"""The Import Service: turns files into requisitions, each exactly once."""
