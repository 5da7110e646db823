# composegen.service = unclear
# composegen.url = http://unclear.example.com
# composegen.healthcheck = /health 30s
FROM alpine
EXPOSE 8000 9000
CMD ["serve"]
