"""`python -m cauce`, the same as the `cauce` command."""

from cauce.cli import main

main()
