"""What a device holds to pick from while it is out of reach."""
