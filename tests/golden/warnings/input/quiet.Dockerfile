# composegen.service = quiet
# composegen.update = off
# composegen.pre-update = ./drain.sh
# composegen.post-update = ./warm.sh
FROM alpine
CMD ["work"]
