"""The cloud's stand-in: a WSGI callable that speaks its protocol, checks signatures and serves real files."""
