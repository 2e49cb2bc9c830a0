"""Who is told of which alert, and whether a notification reaches them."""
