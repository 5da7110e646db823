# composegen.service = open
# composegen.url = https://open.example.com
# composegen.scale = 2
# composegen.sticky = yes
# composegen.header = Set-Cookie: seen=1
# composegen.ratelimit = 1000/h
# composegen.maxbody = 999999
# composegen.header = Permissions-Policy: camera=()
FROM python:3.12-slim
EXPOSE 80
CMD ["python", "-m", "http.server", "80"]
