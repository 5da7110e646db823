FROM busybox:musl
# composegen.service = one
RUN true
