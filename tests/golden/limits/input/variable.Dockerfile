# The same, decided on each machine.
# composegen.service = variable
# composegen.maxcpu = ${CPUS:-1}
# composegen.maxmem = ${MEMORY}
# composegen.mincpu = ${CPUS:-1}
# composegen.minmem = ${MIN_MEMORY:-64m}
# composegen.pids = ${PIDS:-100}
FROM python:3.12-slim
CMD ["sleep", "inf"]
