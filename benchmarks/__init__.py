"""What is measured, against what, in one run: `./magacin bench`."""
