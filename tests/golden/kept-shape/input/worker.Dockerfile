# Since the last build: a service more, and no .env (a checkout of CI).
# composegen.service = worker
FROM web
CMD ["work"]
