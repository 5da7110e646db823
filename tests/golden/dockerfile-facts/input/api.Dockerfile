# The port is the one that the image is built with; the check keeps its timeout and its long start.
# composegen.service = api
# composegen.url = https://api.example.com
# composegen.build-arg = PORT=9000
# composegen.depends = db
FROM alpine
ARG PORT=7000
EXPOSE $PORT
HEALTHCHECK --start-period=5m CMD true
