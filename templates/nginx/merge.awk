# Makes one host of files whose hosts turned out to be the same, as two variables of .env had one value.
# Input: the files; output: one file, in which each port has one server block with the locations of all.
# Where two of them have the same location, one that is served wins over one that leads to https, and
# that one over "not found".
function rank(body) { return body ~ /include to-https\.conf;/ ? 1 : body ~ /^        return 404;\n$/ ? 0 : 2 }
# nginx takes the first regular expression that matches, so the longest path comes first.
function weight(where) { gsub(/\\/, "", where); return where ~ /^    location ~ / ? length(where) : 0 }

/^server \{$/ { inside = 1; next }
!inside { print; next }
/^}$/ { inside = 0; next }
/^    listen / {
    port = $0
    first = !(port in head)
    if (first) { ports[++total] = port; head[port] = "" }
    next
}
/^    (server_name|set) / {
    if (first) head[port] = head[port] $0 "\n"
    else if (/set \$hsts "";/) sub(/set \$hsts "[^"]*";/, "set $hsts \"\";", head[port])
    next
}
/^    location / { where = $0; body = ""; next }
/^    }$/ {
    if (!((port, where) in bodies)) places[port, ++count[port]] = where
    else if (rank(bodies[port, where]) >= rank(body)) next
    bodies[port, where] = body
    next
}
NF { body = body $0 "\n" }

END {
    for (p = 1; p <= total; p++) {
        port = ports[p]
        printf "server {\n%s\n%s", port, head[port]
        for (i = 1; i <= count[port]; i++) {
            best = 0
            for (j = 1; j <= count[port]; j++)
                if (!done[port, j] && (!best || weight(places[port, j]) > weight(places[port, best]))) best = j
            done[port, best] = 1
            printf "\n%s\n%s    }\n", places[port, best], bodies[port, places[port, best]]
        }
        print "}"
    }
}
