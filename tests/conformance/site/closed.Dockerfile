# Clients that the suite is not one of, unless it claims so and is believed.
# composegen.service = closed
# composegen.url = https://closed.test
# composegen.port = 8080
# composegen.allow = 192.0.2.0/24
# composegen.allow = 2001:db8::/32
# composegen.env = VERSION=closed
# composegen.env = ECHO=1
FROM testapp:static
