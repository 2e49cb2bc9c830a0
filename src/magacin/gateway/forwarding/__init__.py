"""Forwarding requests to the services."""
