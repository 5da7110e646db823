# The HEALTHCHECK of the Dockerfile, run by the generated probe.
# composegen.service = inherited
# composegen.url = http://inherited.example.com
FROM alpine
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --retries=5 CMD wget -q -O /dev/null "http://localhost:8000/$HEALTH_PATH"
