"""`python -m magacin.cli`, which is what the bootstrap script becomes."""

from magacin.cli.main import main

main()
