# composegen.service = dropped
# composegen.cap-drop = NET_RAW
# composegen.harden = no
# composegen.init = no
FROM alpine
CMD ["serve"]
