# The mistakes in the hosts of a project, one a line. Input: the flattened list x-composegen.urls
# (0.service, 0.url, 0.host, 1.service, …) with all variables resolved. A host that holds a variable stands by
# itself too: in the url a port or a path in its value would look like the url's own.
BEGIN { FS = "\t" }
{
    split($1, part, ".")
    value = substr($0, length($1) + 2)
    if (part[2] == "service") service[part[1]] = value
    if (part[2] == "host") given[part[1]] = value
    if (part[2] == "url") { url[part[1]] = value; if (part[1] + 1 > total) total = part[1] + 1 }
}
function valid(host,    labels, n, i) {
    n = split(host, labels, ".")
    if (host == "" || length(host) > 253) return 0
    for (i = 1; i <= n; i++) {
        if (labels[i] == "*" && i == 1 && n > 1) continue
        if (labels[i] !~ /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/ || length(labels[i]) > 63) return 0
    }
    return 1
}
END {
    for (i = 0; i < total; i++) {
        scheme = tolower(url[i]); sub(/:\/\/.*/, "", scheme)
        host = url[i]; sub(/^[^:]*:\/\//, "", host)
        path = host; if (!sub(/^[^\/]*/, "", path) || path == "") path = "/"
        sub(/\/.*/, "", host); host = tolower(i in given ? given[i] : host)
        sub(/\/+$/, "", path); if (path == "") path = "/"
        if (scheme != "http" && scheme != "https") { print service[i] ": " url[i] " is neither http:// nor https://"; continue }
        if (!valid(host)) { print service[i] ": '" host "' in " url[i] " is not a host name (letters, digits, hyphens and dots; no scheme, no port, no path)"; continue }
        route = scheme "://" host path
        if (route in owner && owner[route] != service[i]) print owner[route] " and " service[i] " both claim " route ": give one of them another host or path"
        else owner[route] = service[i]
    }
}
