# A check on a port of its own, not routed.
# composegen.service = otherport
# composegen.healthcheck = tcp port=9000
# composegen.liveness = cmd: test -e /tmp/alive
FROM alpine
CMD ["serve"]
