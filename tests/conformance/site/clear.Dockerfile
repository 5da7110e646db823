# http alone, http beside https, http for one path of an https host, and a host that nobody finds.
# composegen.service = clear
# composegen.url = http://clear.test
# composegen.url = http://both.test
# composegen.url = https://both.test
# composegen.url = https://mixed.test
# composegen.url = http://mixed.test/open
# composegen.url = https://nowhere.test
# composegen.url = http://named.star.test
# composegen.url = http://${BESIDE_HOST}
# composegen.url = https://${TWIN_HOST}/twin
# composegen.port = 8080
# composegen.env = VERSION=clear
# composegen.env = ECHO=1
FROM testapp:static
