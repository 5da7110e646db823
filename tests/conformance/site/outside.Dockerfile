# Addresses that the frontend forwards to as if they were elsewhere.
# composegen.service = outside
# composegen.url = https://outside.test proxy=http://web:8080
# composegen.url = https://outside.test/base proxy=http://web:8080/inner
# composegen.url = https://outside.test/cut strip proxy=http://web:8080/inner
# composegen.url = https://outside.test/nowhere proxy=http://nowhere.invalid:8080
# composegen.port = 8080
# composegen.start = manual
FROM testapp:static
