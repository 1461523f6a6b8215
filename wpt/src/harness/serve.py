"""Serves the tree of the working folder as the file says that the argument names. `wpt serve` would make a virtual environment first, with
packages from the network that it needs for other commands."""
import os
import sys

sys.path.insert(0, os.getcwd())
from tools import localpaths  # noqa: F401,E402
from tools.serve import serve  # noqa: E402

# Each of the server's processes reads this file, too.
if __name__ == "__main__":
    serve.run(**vars(serve.get_parser().parse_args(["--no-h2", "--config", sys.argv[1]])))
