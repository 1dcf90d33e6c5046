"""A stand-in of the cloud: a WSGI callable that checks signatures and serves real report files."""
