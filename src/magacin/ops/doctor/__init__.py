"""The doctor: looks at a whole stack, changes nothing, and says of each trouble what mends it.

A file has the checks of one group; `registry` has the list of groups. A check is a function that yields
findings. What it cannot look at, because something it would ask does not run, it reports as `Skipped`.
"""
