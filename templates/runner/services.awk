# The services of a project, one a line, those that others wait for first. Input: the flattened facts
# (lib-facts.sh); `profiles` is COMPOSE_PROFILES. Columns, tab-separated:
#  1 service   2 image   3 reference that it stands for ("-": fixed by a digest)   4 its variable or "-"
#  5 build: yes|no   6 start: auto|manual   7 kind: oneshot|long   8 containers   9 rollout or "-"
# 10 update or "-"   11 pre-deploy: yes|no
BEGIN {
    FS = "\t"
    many = split(profiles, one, ",")
    for (i = 1; i <= many; i++) { gsub(/^[ \t]+|[ \t]+$/, "", one[i]); active[one[i]] = 1 }
}
{
    value = substr($0, length($1) + 2)
    text = $1
    gsub(/\\\./, "\001", text)
    n = split(text, part, ".")
    for (i = 1; i <= n; i++) gsub(/\001/, ".", part[i])
}
part[1] == "services" {
    s = part[2]
    if (n == 3 && part[3] == "image") { image[s] = value; name[++total] = s }
    if (n == 3 && part[3] == "scale") scale[s] = value
    if (n == 4 && part[3] == "profiles") { profiled[s] = 1; if (value in active || "*" in active) enabled[s] = 1 }
    if (part[3] == "deploy" && part[4] == "replicas" && !(s in scale)) scale[s] = value
    if (part[3] == "depends_on" && part[5] == "condition") {
        needs[s] = needs[s] "\t" part[4]
        if (value == "service_completed_successfully") oneshot[part[4]] = 1
    }
}
part[1] == "x-composegen" && part[2] == "services" && n == 4 { mine[part[3], part[4]] = value }
part[1] == "x-composegen" && part[2] == "services" && part[4] == "pre_deploy" { before[part[3]] = 1 }

function depth(s, level,    parts, i, n, d, deepest) {
    if (s in known) return known[s]
    if (level > total) return 0
    n = split(substr(needs[s], 2), parts, "\t")
    for (i = 1; i <= n; i++) { d = depth(parts[i], level + 1) + 1; if (d > deepest) deepest = d }
    return known[s] = deepest + 0
}
function or_dash(s, k) { return (s, k) in mine && mine[s, k] != "" ? mine[s, k] : "-" }

END {
    for (i = 1; i <= total; i++) { d = depth(name[i], 0); if (d > most) most = d }
    for (d = 0; d <= most; d++) for (i = 1; i <= total; i++) {
        s = name[i]
        if (known[s] != d) continue
        reference = (s, "reference") in mine ? mine[s, "reference"] : (s, "image") in mine ? "-" : image[s]
        if (reference ~ /@|^sha256:/) reference = "-"
        print s "\t" image[s] "\t" reference "\t" or_dash(s, "image") "\t" (mine[s, "build"] == "true" ? "yes" : "no") \
            "\t" (!(s in profiled) || s in enabled ? "auto" : "manual") "\t" (mine[s, "oneshot"] == "true" || s in oneshot ? "oneshot" : "long") \
            "\t" (s in scale ? scale[s] : 1) "\t" or_dash(s, "rollout") "\t" or_dash(s, "update") \
            "\t" (s in before ? "yes" : "no")
    }
}
