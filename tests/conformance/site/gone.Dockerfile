# A service that is not running: a host of its own, and a path of a host that is there.
# composegen.service = gone
# composegen.url = https://gone.test
# composegen.url = http://gone.test/clear
# composegen.url = https://web.test/gone
# composegen.port = 8080
# composegen.header = X-Odd: gone
# composegen.start = manual
FROM testapp:static
