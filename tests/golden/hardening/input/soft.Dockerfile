# composegen.service = soft
# composegen.harden = yes
# composegen.readonly = no
# composegen.cap-drop = ALL
# composegen.cap-add = CHOWN
# composegen.cap-add = NET_ADMIN
FROM alpine
CMD ["serve"]
