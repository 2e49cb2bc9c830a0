"""Rules: what is decided about tasks without a person, where the site wants that."""
