# composegen.service = silenced
FROM alpine
HEALTHCHECK NONE
CMD ["serve"]
