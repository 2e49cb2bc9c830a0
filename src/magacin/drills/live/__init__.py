"""The live drill: an alert that says it is a drill, through the real routes, answered by who gets it."""
