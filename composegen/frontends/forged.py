"""Headers that claim where a request came from; every frontend drops them from every request."""

from __future__ import annotations

FORGEABLE = (
    "Forwarded",
    "Forwarded-For",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-Path",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Ssl",
    "X-Forwarded-User",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "X-Original-Url",
    "X-Rewrite-Url",
    "X-Scheme",
    "X-Url-Scheme",
    "X-Host",
    "X-Http-Host-Override",
    "Front-End-Https",
    "Proxy",
    "Client-Ip",
    "X-Client-Ip",
    "X-Cluster-Client-Ip",
    "X-Remote-Addr",
    "X-Remote-Ip",
    "Fastly-Client-Ip",
    "True-Client-Ip",
    "Cf-Connecting-Ip",
)
