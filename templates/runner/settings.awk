# The settings whose values are not of their form, one a line: what reads them would drop every https
# host, or end in a loop, without a word here. Input: the flattened list x-value (NAME, VALUE). `composegen
# build` applies the same forms to what .env says then (keys/forms.py). Empty is not set.
BEGIN { FS = "\t" }
function number(s, most) { return s ~ /^[0-9]+$/ && length(s) <= 10 && s + 0 <= most }
function ipv4(s,    part, n, i) {
    n = split(s, part, ".")
    if (n != 4) return 0
    for (i = 1; i <= n; i++) if (!number(part[i], 255) || part[i] ~ /^0./) return 0
    return 1
}
function ipv6(s,    part, n, i, most) {
    n = split(s, part, ":")
    if (s ~ /:::|^:[^:]|[^:]:$/ || gsub(/::/, "&", s) > 1) return 0
    most = part[n] ~ /[.]/ ? 7 : 8
    if (s ~ /::/ ? n < 3 || n > most + (s ~ /^::|::$/) : n != most) return 0
    for (i = 1; i <= n; i++)
        if (!(part[i] ~ /^[0-9a-fA-F]*$/ && length(part[i]) <= 4 || i == n && ipv4(part[i]))) return 0
    return 1
}
function network(s,    bits) {
    gsub(/^ +| +$/, "", s)
    bits = s ~ /\// ? s : "/0"; sub(/^[^\/]*\//, "", bits); sub(/\/.*/, "", s)
    return ipv4(s) && number(bits, 32) || ipv6(s) && number(bits, 128)
}
function networks(s,    part, n, i) {
    n = split(s, part, ",")
    for (i = 1; i <= n; i++) if (!network(part[i])) return 0
    return 1
}
function bare(s) { return s ~ /^\[.*:.*\]$/ ? substr(s, 2, length(s) - 2) : s }
function expect(what) { print $1 " is '" value "': " what " is expected" }
{ value = substr($0, length($1) + 2) }
value == "" { next }
$1 == "COMPOSEGEN_HSTS_SECONDS" && !number(value, 9999999999) { expect("a number of seconds, such as 86400,") }
$1 == "COMPOSEGEN_KEEP_RELEASES" && !number(value, 999999999) { expect("a number") }
$1 ~ /^COMPOSEGEN_HTTPS?_PORT$/ && !(number(value, 65535) && value + 0 > 0) { expect("a port from 1 to 65535") }
$1 == "COMPOSEGEN_BIND" && !(ipv4(value) || bare(value) != value && ipv6(bare(value))) { expect("an address of this machine, such as 127.0.0.1 or [::1],") }
$1 == "COMPOSEGEN_TRUSTED_PROXIES" && !networks(value) { expect("addresses and networks with commas between them, such as 10.0.0.0/8,192.0.2.7,") }
