"""The only public door: authentication, forwarding, live updates, the front page."""
