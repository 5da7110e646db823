# A password, and clients of private addresses only (the suite's is one).
# composegen.service = staff
# composegen.url = https://staff.test
# composegen.port = 8080
# composegen.auth = staff
# composegen.allow = 10.0.0.0/8
# composegen.allow = 172.16.0.0/12
# composegen.allow = 192.168.0.0/16
# composegen.env = VERSION=staff
# composegen.env = ECHO=1
FROM testapp:static
