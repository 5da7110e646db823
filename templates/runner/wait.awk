# Is everything ready? One look. Input, tab-separated, the first column says what a line is:
#  E service scale kind                    what is expected (kind: long, oneshot)
#  S id started looks badsince restarts    what earlier looks saw (looks=99: it ran before)
#  C the columns of `containers` (lib-state.sh), one further right
# -v now=SECONDS -v patience=SECONDS (how long something may look bad before it counts as failed).
# Output: S lines for the next look; V ready|wait|failed service text [id] per service.
BEGIN { FS = OFS = "\t" }
$1 == "E" && $2 != "" { name[++total] = $2; scale[$2] = $3; kind[$2] = $4; next }
$1 == "S" { started[$2] = $3; looks[$2] = $4; since[$2] = $5; before[$2] = $6; next }
$1 != "C" || !($2 in scale) { next }
{
    s = $2; id = $4; count[s]++
    known = id in looks
    seen = known && started[id] == $9 ? looks[id] + 1 : 0
    first = known ? before[id] : $8
    text = state = ""
    if (kind[s] == "oneshot") {
        if ($5 == "exited") { state = $7 == 0 ? "ready" : "failed"; text = "ended with exit code " $7 }
        else if ($5 == "restarting") { state = "bad"; text = "restarts again and again (exit code " $7 ")" }
        else { state = "wait"; text = $5 == "running" ? "still at work" : "not started" }
    }
    else if ($5 == "running") {
        if ($6 == "healthy") state = "ready"
        else if ($6 == "unhealthy") { state = "bad"; text = "unhealthy" }
        else if ($6 == "starting") { state = "wait"; text = "not ready yet" }
        else if (seen >= 2) state = "ready"
        else { state = "wait"; text = "just started" }
        if (state != "ready" && $8 - first >= 3) { state = "bad"; text = "restarts again and again" }
    }
    else if ($5 == "created") { state = seen >= 2 ? "failed" : "wait"; text = "could not be started" }
    else if ($5 == "exited" || $5 == "dead") { state = seen >= 1 && ($13 == "no" || $13 == "") ? "failed" : "bad"; text = "ended with exit code " $7 }
    else { state = "bad"; text = $5 == "restarting" ? "restarts again and again (exit code " $7 ")" : $5 }
    first_bad = known ? since[id] : 0
    if (state == "bad") { if (!first_bad) first_bad = now; if (now - first_bad >= patience) state = "failed" }
    else if (state == "ready") first_bad = 0
    print "S", id, $9, seen, first_bad + 0, first
    if (state == "ready") good[s]++
    if (state == "failed" && verdict[s] != "failed") { verdict[s] = "failed"; why[s] = text; which[s] = id }
    else if (state != "ready" && verdict[s] == "") { verdict[s] = "wait"; why[s] = text; which[s] = id }
}
END {
    for (i = 1; i <= total; i++) {
        s = name[i]
        if (verdict[s] == "" && count[s] < scale[s]) { verdict[s] = "wait"; why[s] = count[s] + 0 " of " scale[s] " there"; alone[s] = 1 }
        if (verdict[s] == "") print "V", "ready", s, "-", "-"
        else print "V", verdict[s], s, (scale[s] > 1 && !(s in alone) ? good[s] + 0 " of " scale[s] " ready, " : "") why[s], (s in which ? which[s] : "-")
    }
}
