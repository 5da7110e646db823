# Not routed, a command: plain Compose, nothing of composegen's in the container.
# composegen.service = command
# composegen.healthcheck = cmd: test "$(cat /state)" = ok
FROM alpine
CMD ["serve"]
