# Asked for /drop, where the connection is closed instead of an answer.
# composegen.service = broken
# composegen.url = https://broken.test
# composegen.port = 8080
# composegen.scale = 3
# composegen.env = VERSION=broken
# composegen.env = ECHO=1
FROM testapp:static
