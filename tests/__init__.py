"""The tests, which start hundreds of processes.

What is compiled is kept wherever the environment says otherwise, or each process would spend most of its start on it.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
