# composegen.service = star
# composegen.url = http://*.example.org redirect=http://www.example.org
FROM busybox:musl
