# composegen.service = off
# composegen.url = http://off.example.com
# composegen.healthcheck = off
FROM alpine
EXPOSE 8000
CMD ["serve"]
