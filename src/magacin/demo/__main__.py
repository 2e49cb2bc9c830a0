"""`python -m magacin.demo`, which is what `magacin serve demo` becomes."""

from magacin.demo.app import main

main()
