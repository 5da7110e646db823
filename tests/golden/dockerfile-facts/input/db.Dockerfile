# Its own HEALTHCHECK is Docker's to run; who depends on it waits for it.
# composegen.service = db
FROM alpine
ARG DATA=/data
ARG CACHE
HEALTHCHECK CMD true
VOLUME ${DATA}/db
VOLUME /cache/${CACHE}
