# One url names a port, the other does not.
# composegen.service = mixed
# composegen.url = https://mixed.example.com port=8000
# composegen.url = https://unclear.example.com
FROM alpine
CMD ["serve"]
