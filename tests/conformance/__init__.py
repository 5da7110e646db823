"""The conformance suite: one list of requests and expected answers, asked through each frontend.

``expectations.yml`` is the list, ``site/`` the project that it is asked of; ``stack.py`` starts the
project with certificates from pebble. What needs more than one request and its answer (a replica
that dies, an upload of 1 GiB) is a function in ``test_*.py``, with the same client.
"""

FRONTENDS = ("traefik", "nginx")
