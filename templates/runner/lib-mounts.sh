# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# The files of the project that services mount: are they there, and what is in them. Compose does not look.

# digest PATH: of a file, or of all names and contents below a folder; of a link in it what it says, not where it
# leads.
digest() {
    if [ -d "$1" ]; then
        (cd -- "$1" && { find . -type f -exec sha256sum {} +; links; } | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
    elif [ -r "$1" ]; then sha256sum <"$1" | cut -d' ' -f1
    else echo absent; fi
}

# links: NAME -> TARGET of those below the folder, each on one line.
links() {
    # shellcheck disable=SC2016
    find . -type l -exec sh -c 'for link; do
        target=$(readlink -n "$link"; echo .)
        printf "link %s" "$link -> ${target%.}" | tr "\n" "\001"; echo; done' sh {} +
}

# mounted_files: SERVICE<TAB>PATH of the files that are mounted into each service: its config
# annotations, its secrets, its Compose configs.
mounted_files() {
    printf '%s\n' "$FACTS" | text_awk -F'\t' '
        { value = substr($0, length($1) + 2); text = $1; gsub(/\\\./, "\001", text); n = split(text, part, ".")
          for (i = 1; i <= n; i++) gsub(/\001/, ".", part[i]) }
        part[1] == "x-composegen" && part[2] == "services" && part[4] == "configs" && n == 5 { print part[3] "\t" value }
        (part[1] == "secrets" || part[1] == "configs") && part[3] == "file" { file[part[1], part[2]] = value }
        part[1] == "services" && (part[3] == "secrets" || part[3] == "configs") && part[5] == "source" {
            used[++total] = part[2]; kind[total] = part[3]; source[total] = value }
        END { for (i = 1; i <= total; i++) if ((kind[i], source[i]) in file) print used[i] "\t" file[kind[i], source[i]] }' |
        LC_ALL=C sort -u
}

# real_path PATH: what the list has as PATH, in the variable real.
real_path() {
    real=$(unescape "$1"); real=${real%.}
    # shellcheck disable=SC2088
    case $real in '~/'*) real=$HOME/${real#'~/'} ;; esac
}

# mounts_now: SERVICE<TAB>PATH<TAB>DIGEST of each of them.
mounts_now() {
    mounted_files >"$WORK/mounts"
    while IFS=$TAB read -r service path <&3; do
        real_path "$path"
        printf '%s\t%s\t%s\n' "$service" "$path" "$(digest "$real")"
    done 3<"$WORK/mounts"
}

# .composegen/mounts is what the containers were made with: SERVICE, PATH, DIGEST. Before anything is made,
# record_first notes MOUNTS for the services that have no container yet, so that an edit after a start that
# failed is seen. Before a service is replaced, record_doubtful takes away the digests of what changed:
# until all succeeds, which up.sh records, it is tried again, also when the edit was taken back.
record_first() {
    { printf '%s\n' "$CONTAINERS" | sed "s/^/C$TAB/"; printf '%s\n' "$MOUNTS" | sed "s/^/M$TAB/"; read_state mounts; } |
        text_awk -F'\t' '
            NF > 4 { there[$2] = 1 }
            NF == 4 && !($2 in there) { print substr($0, 3) }
            NF == 3 && $1 in there' | LC_ALL=C sort | write_state mounts
}

record_doubtful() {
    { printf '%s\n' "$MOUNTS" | sed "s/^/M$TAB/"; read_state mounts; } | S=$1 text_awk -F'\t' '
        NF == 4 { now[$2, $3] = $4 }
        NF == 3 { print $1 "\t" $2 "\t" ($1 == ENVIRON["S"] && now[$1, $2] != $3 ? "-" : $3) }' | LC_ALL=C sort | write_state mounts
}

# check_configs: Docker would make a folder where a file is missing, and the service would start with that.
# Secrets have a check of their own.
check_configs() {
    { secret_files; echo; mounted_files; } | text_awk -F'\t' -v only=" $ONLY " '
        $0 == "" { used = 1; next }
        !used { secret[$2] = 1; next }
        (only == "  " || index(only, " " $1 " ")) && !($2 in secret) { by[$2] = by[$2] sep[$2] $1; sep[$2] = " and " }
        END { for (path in by) print path "\t" by[path] }' | LC_ALL=C sort >"$WORK/configs"
    while IFS=$TAB read -r path services <&3; do
        real_path "$path"
        [ -e "$real" ] ||
            problem "config ${path#"$PROJECT_DIR/"} of $services: it is not there. Put it back, or take the annotation out and run composegen build."
    done 3<"$WORK/configs"
}
