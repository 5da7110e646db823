# composegen.service = web
FROM alpine
