"""People, as far as they are names in the tables of the Task Service."""
