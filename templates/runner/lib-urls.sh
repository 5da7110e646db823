# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Where the services are, and which https hosts wait for a certificate.

print_urls() {
    http=$(probed x-value.COMPOSEGEN_HTTP_PORT) https=$(probed x-value.COMPOSEGEN_HTTPS_PORT)
    # What a proxy in front makes https of is served here in clear.
    tls=$(fact x-composegen.shape.COMPOSEGEN_TLS)
    urls=$(facts x-composegen.urls | text_awk -F'\t' -v http="${http:-80}" -v https="${https:-443}" -v tls="$tls" '
        $1 !~ /\.url$/ { next }
        { u = substr($0, length($1) + 2); https_url = tolower(u) ~ /^https:/; secure = https_url && tls != "off"
          port = secure ? https : http; note = https_url && !secure ? " (in clear: COMPOSEGEN_TLS=off)" : ""
          scheme = secure ? "https" : "http"; rest = u; sub(/^[^:]*:\/\//, "", rest)
          host = rest; sub(/\/.*/, "", host); sub(/^[^\/]*/, "", rest)
          if (port != (secure ? 443 : 80)) host = host ":" port
          if (!seen[scheme host rest]++) print "  " scheme "://" host rest note }')
    [ -z "$urls" ] || say "$urls"
}

# Certificates live in a volume: acme.json (Traefik), live/HOST (certbot, a star as `_`). Hosts that were found once
# are kept in .composegen/certificates, so that this costs a container only while one is missing.
warn_certificates() {
    volume=''
    for key in acme letsencrypt; do
        [ -n "$volume" ] || volume=$(fact "volumes.$key.name")
    done
    [ -n "$volume" ] || return 0
    hosts=$(facts x-composegen.urls | text_awk -F'\t' '
        $1 ~ /\.url$/ && tolower($2) ~ /^https:/ { h = tolower($2); sub(/^[^:]*:\/\//, "", h); sub(/[\/:].*/, "", h); if (!seen[h]++) print h }' |
        grep -Fxv "$(read_state certificates | grep . || echo -)" || :)
    [ -n "$hosts" ] || return 0
    docker volume inspect "$volume" >/dev/null 2>&1 || return 0
    have=$(docker run --rm --network none --read-only --user 0:0 --cap-drop ALL --cap-add DAC_OVERRIDE \
        --label com.centurylinklabs.watchtower.enable=false --mount "$(quoted "type=volume"),source=$volume,target=/certificates,readonly" \
        --entrypoint sh "$(tools_image)" -c 'cd /certificates && {
            find . -name acme.json -exec cat {} + | grep -o "\"\(main\|sans\)\": *[\"[][^]}]*" | grep -o "\"[^\" ]*\.[^\" ]*\"" | tr -d \"
            find . -path "*/live/*" -name fullchain.pem | sed "s,.*/live/,,; s,/.*,,; s,^_[.],*.,"; }' 2>/dev/null || :)
    for host in $hosts; do
        if printf '%s\n' "$have" | grep -Fxq -e "$host" -e "*.${host#*.}"; then
            { read_state certificates; echo "$host"; } >"$WORK/certificates"
            write_state certificates <"$WORK/certificates"
        else
            warn "warning: there is no certificate for $host yet. It is ordered now, in the background; does the name lead to this machine? (make logs)"
        fi
    done
}

# Traefik drops two containers of one route name that differ. A service whose host, trusted proxies, or
# hosts that its star leaves out changed by value therefore gets new route names: COMPOSEGEN_ROUTES_… in
# the block of .env that composegen owns.
raise_routes() {
    routes=$(facts x-composegen.services | text_awk -F'\t' '
        { key = $1; sub(/.*\./, "", key); s = substr($1, 1, length($1) - length(key) - 1); gsub(/\\\./, ".", s) }
        key == "routes" { variable[s] = $2; if (!seen[s]++) order[++n] = s }
        key == "further" { further[s] = $2; if (!seen[s]++) order[++n] = s }
        END { for (i = 1; i <= n; i++) if (order[i] in variable) print order[i] "\t" variable[order[i]] "\t" further[order[i]] }')
    raised=''
    [ -n "$routes" ] || return 0
    printf '%s\n' "$routes" >"$WORK/routes"
    while IFS=$TAB read -r service variable further <&3; do
        now=$(facts x-composegen.urls | text_awk -F'\t' -v s="$service" -v further="$further" '
            { split($1, part, "."); v[part[1], part[2]] = substr($0, length($1) + 2); if (part[1] + 1 > n) n = part[1] + 1 }
            END { for (i = 0; i < n; i++) if (v[i, "service"] == s) print tolower(v[i, "url"])
                  if (further != "") print tolower(further) }' | sha256sum | cut -c 1-8)
        was=$(read_state routes | text_awk -F'\t' -v s="$service" '$1 == s { print $2; exit }')
        [ "$was" != "$now" ] || continue
        if [ -n "$was" ]; then set_in_env "$variable" "$now"; raised=yes; fi
        { read_state routes | text_awk -F'\t' -v s="$service" '$1 != s'; printf '%s\t%s\n' "$service" "$now"; } >"$WORK/routes.new"
        write_state routes <"$WORK/routes.new"
    done 3<"$WORK/routes"
}

# set_in_env NAME VALUE: into the marked block of .env; the rest stays byte for byte, as do owner and mode.
# A link stays one.
set_in_env() {
    [ -e .env ] || { (umask 077 && : >.env); own .env; }
    env_file=$(readlink -f -- .env)
    # What a kill leaves must not be what git or an image takes.
    DRAFT=$env_file.composegen-new
    [ "$env_file" != "$PROJECT_DIR/.env" ] || [ ! -d "$STATE" ] || DRAFT=$STATE/env.new
    cp -p "$env_file" "$DRAFT"
    text_awk -v name="$1" -v value="$2" '
        BEGIN { begin = "# >>> composegen: written by make and deploys"; end = "# <<< composegen" }
        { line = $0; sub(/\r$/, "", line) }
        line == begin { inside = 1; there = 1; print; next }
        inside && line == end { print name "=" value; print; inside = 0; next }
        inside && index($0, name "=") == 1 { next }
        { print }
        END {
            if (!there) print begin
            if (!there || inside) { print name "=" value; print end }
        }' "$env_file" >"$WORK/env"
    cat "$WORK/env" >"$DRAFT"
    mv -f "$DRAFT" "$env_file"
    DRAFT=''
}
