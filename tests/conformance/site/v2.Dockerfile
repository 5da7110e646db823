# A longer path, stripped.
# composegen.service = v2
# composegen.url = https://web.test/api/v2 strip
# composegen.port = 8080
# composegen.env = VERSION=v2
# composegen.env = ECHO=1
FROM testapp:static
