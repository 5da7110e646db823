# composegen.service = off
# composegen.healthcheck = off
FROM alpine
CMD ["serve"]
