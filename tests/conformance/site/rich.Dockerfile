# Compression, sessions that stay with their replica, headers of the answer.
# composegen.service = rich
# composegen.url = https://rich.test
# composegen.port = 8080
# composegen.scale = 2
# composegen.compress = yes
# composegen.sticky = yes
# composegen.header = X-Frame-Options: DENY
# composegen.header = X-Odd: a, "b"; $c
# composegen.env = VERSION=rich
# composegen.env = ECHO=1
FROM testapp:static
