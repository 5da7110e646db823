# composegen.service = slow
# composegen.startup = /ready 10m
# composegen.port = 8080
FROM alpine
CMD ["serve"]
