"""Live drills: what is kept of them, and the page that answers one."""
