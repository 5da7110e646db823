# composegen.service = good
# composegen.url = https://good.example.com redirect=https://good.example.com/home
# composegen.url = https://good.example.com/home
# composegen.url = http://f.example.com redirect=https://f.example.com
# composegen.url = https://f.example.com
# composegen.url = https://g.example.com/old redirect=https://g.example.com/new
# composegen.url = https://g.example.com/older redirect=https://g.example.com/old
# composegen.url = http://h.example.com redirect=http://h.example.com:8080
# composegen.url = http://i.example.com/x redirect=http://i.example.com/xy
FROM busybox:musl
