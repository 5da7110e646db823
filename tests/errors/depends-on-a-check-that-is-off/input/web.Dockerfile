# composegen.service = web
# composegen.depends = off:healthy
# composegen.depends = silenced:healthy
FROM alpine
CMD ["serve"]
