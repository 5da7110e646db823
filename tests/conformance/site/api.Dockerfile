# A path of another service's host, a host that stands in .env, and any host below one.
# composegen.service = api
# composegen.url = https://web.test/api
# composegen.url = https://${SITE_HOST}
# composegen.url = http://*.star.test
# composegen.url = http://*.star.test/long
# composegen.port = 8080
# composegen.env = VERSION=api
# composegen.env = ECHO=1
FROM testapp:static
