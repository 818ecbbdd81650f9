"""`runstore` with this interpreter's libraries, and behind them those of the tests' own environment, for all the rest.

What reaches object stores needs other versions of a few packages than the tests have.
"""

import os
import sys

sys.path.append(os.environ["TEST_SITE_PACKAGES"])

from runstore.cli.main import main  # The path comes first.

main()
