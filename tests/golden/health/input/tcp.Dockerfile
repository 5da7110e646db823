# The defaults of a routed service: tcp.
# composegen.service = tcp
# composegen.url = http://tcp.example.com
FROM ghcr.io/acme/unknown
EXPOSE 8000
