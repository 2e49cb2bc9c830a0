"""What every service is built from; nothing in here knows a warehouse word."""
