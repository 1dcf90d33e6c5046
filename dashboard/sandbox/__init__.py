"""The sandbox: a simulation of the cloud for the demo and the tests, as a WSGI application.

It checks signatures like the cloud and serves real report files.
"""
