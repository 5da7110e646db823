# composegen.service = http
# composegen.url = http://http.example.com
# composegen.healthcheck = /health 5s 2s 3
# composegen.liveness = /alive 30s 5s 3
# composegen.startup = /started 8000 5m
FROM scratch
COPY app /
EXPOSE 8000
CMD ["/app"]
