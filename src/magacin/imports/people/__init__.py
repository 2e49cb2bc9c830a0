"""People, as far as they are names in the tables of the Import Service."""
