"""The Task Service's payloads and endpoints, a module a feature."""
