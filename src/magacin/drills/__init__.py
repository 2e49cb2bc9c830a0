"""Breaks something on purpose, follows the alert to the person, and undoes it again.

`drill` is what one is, `faults` has them all, `engine` runs one, `session` runs many, `journal` remembers
what has to be undone, and `receipt` says what came of it. `live` breaks nothing: it sends an alert that says
it is a drill to real people.
"""
