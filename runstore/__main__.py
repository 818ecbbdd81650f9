"""`python -m runstore`: the command line."""

from runstore.cli.main import main

main()
