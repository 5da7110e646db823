# Three replicas of the host that most of the suite asks; a redirect of a whole host and of a path.
# composegen.service = web
# composegen.url = https://web.test
# composegen.url = https://www.web.test redirect=https://web.test
# composegen.url = https://web.test/old redirect=https://web.test/new/base
# composegen.url = http://moved.test/from redirect=http://clear.test/to
# composegen.port = 8080
# composegen.scale = 3
# composegen.healthcheck = /health
# composegen.stop-grace = 5s
# composegen.env = VERSION=web
# composegen.env = ECHO=1
FROM testapp:static
