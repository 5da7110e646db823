# The same for an address elsewhere: its clients come through this frontend.
# composegen.service = outside
# composegen.url = https://outside.example.com proxy=https://origin.example.net
# composegen.auth = partners
# composegen.allow = 10.0.0.0/8
# composegen.ratelimit = 10/s
# composegen.maxbody = 1m
# composegen.timeout = 30s
# composegen.compress = yes
# composegen.header = X-Price: 5$
FROM busybox:musl
