# composegen.service = rated
# composegen.url = https://rated.test
# composegen.port = 8080
# composegen.ratelimit = 1/s 5
# composegen.env = VERSION=rated
FROM testapp:static
