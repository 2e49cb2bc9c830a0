"""What the parts of Magacin Track are, and how to run them on this machine."""
