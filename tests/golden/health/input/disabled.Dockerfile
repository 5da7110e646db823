# composegen.service = disabled
# composegen.healthcheck = off
FROM alpine
HEALTHCHECK CMD true
CMD ["serve"]
