"""Teams and shifts by the days on which they were so, who is in today, and the hours that alerts go by."""
