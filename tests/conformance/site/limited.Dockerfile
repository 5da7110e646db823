# composegen.service = limited
# composegen.url = https://limited.test
# composegen.url = http://limited.test/clear
# composegen.port = 8080
# composegen.maxbody = 1k
# composegen.timeout = 1s
# composegen.header = X-Odd: limited
# composegen.env = VERSION=limited
# composegen.env = ECHO=1
FROM testapp:static
