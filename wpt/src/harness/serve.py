"""Serves the tree of the working folder as the file says that the argument names. `wpt serve` would make a virtual environment first, with
packages from the network that it needs for other commands."""
import os
import socketserver
import ssl
import sys

sys.path.insert(0, os.getcwd())
from tools import localpaths  # noqa: F401,E402
from tools.serve import serve  # noqa: E402

shutdown_request = socketserver.TCPServer.shutdown_request


def shutdown_with_alert(server, request):
    """Many responses end with their connection. Over TLS they are complete if an alert says so, which WPT's server does not send:
    https://www.rfc-editor.org/rfc/rfc9112#section-9.8."""
    if isinstance(request, ssl.SSLSocket):
        try:
            # It does not wait for the client's.
            request.settimeout(0)
            request.unwrap()
        except (OSError, ValueError):
            pass
    shutdown_request(server, request)


socketserver.TCPServer.shutdown_request = shutdown_with_alert

# Each of the server's processes reads this file, too.
if __name__ == "__main__":
    serve.run(**vars(serve.get_parser().parse_args(["--no-h2", "--config", sys.argv[1]])))
