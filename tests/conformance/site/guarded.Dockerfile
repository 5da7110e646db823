# An address outside behind a password, a limit, and for clients of private addresses only.
# composegen.service = guarded
# composegen.url = https://guarded.test proxy=http://web:8080
# composegen.port = 8080
# composegen.auth = staff
# composegen.allow = 10.0.0.0/8
# composegen.allow = 172.16.0.0/12
# composegen.allow = 192.168.0.0/16
# composegen.maxbody = 1k
# composegen.header = X-Odd: guarded
# composegen.start = manual
FROM testapp:static
