"""Start a kernel of mlenv: `python -IS launch.py RECORD -f CONNECTION_FILE`.

Only a door: the code behind it is imported, so that its bytecode is kept.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import start

start.main(sys.argv)
