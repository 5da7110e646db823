# Every url names a port: the first is the service's, and nothing is assumed.
# mypaas.url
# composegen.service = ports
# composegen.url = https://ports.example.com port=8000
# composegen.url = https://admin.example.com port=9000
FROM alpine
CMD ["serve"]
