"""Prints: PDF files of labels, badges and pick lists, made by a process of its own.

`jobs` says what is to be printed, `press` has it printed; all else is imported in that process alone, which
draws (`__main__`). Why so: docs/decisions/0146.
"""
