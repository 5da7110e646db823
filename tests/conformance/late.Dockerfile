# Joins the project while it is under load.
# composegen.service = late
# composegen.url = https://late.test
# composegen.port = 8080
# composegen.env = VERSION=late
# composegen.env = ECHO=1
FROM testapp:static
