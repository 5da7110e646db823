# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Secrets: are they there, can nobody else get at them, and can the containers' users read them.

# secret_files: NAME<TAB>FILE of the secrets that come from files, and that ONLY have.
secret_files() {
    { facts services | text_awk -F'\t' -v only=" $ONLY " '
        { text = $1; gsub(/\\\./, "\001", text); split(text, part, "."); gsub(/\001/, ".", part[1]) }
        part[2] == "secrets" && part[4] == "source" && (only == "  " || index(only, " " part[1] " ")) { print $2 }'
      echo
      facts secrets; } | text_awk -F'\t' -v only="$ONLY" '
        $0 == "" { all = 1; next }
        !all { used[$1] = 1; next }
        $1 ~ /\.file$/ { name = substr($1, 1, length($1) - 5); plain = name; gsub(/\\\./, ".", plain)
            if (only == "" || plain in used) print name "\t" $2 }'
}

check_secrets() {
    secrets_folder_seen=''
    secret_files >"$WORK/secrets"
    while IFS=$TAB read -r name file <&3; do
        file=$(unescape "$file"); file=${file%.}
        shown=${file#"$PROJECT_DIR/"}
        case $file in "$PROJECT_DIR/secrets/"*) check_secrets_folder || continue ;; esac
        if [ ! -e "$file" ]; then
            problem "secret $name: there is no file $shown. Write the value into it (mode 0444 in a folder of mode 0700)."
        elif [ ! -f "$file" ]; then
            problem "secret $name: $shown is not a file. Docker makes such a folder when the file is missing: remove it and write the file."
        elif [ "${file#"$PROJECT_DIR/secrets/"}" != "$file" ]; then
            readable_by_all "$file" "$shown"
        fi
    done 3<"$WORK/secrets"
}

# The folder's mode keeps people of this machine out; the files' lets any user of a container in.
check_secrets_folder() {
    [ -n "$secrets_folder_seen" ] && return "$secrets_folder_seen"
    secrets_folder_seen=0
    if [ ! -d secrets ]; then
        problem "there is no folder secrets: mkdir -m 0700 secrets, then write the files into it"
        secrets_folder_seen=1
    elif [ $((0$(stat -L -c %a secrets) & 077)) != 0 ]; then
        problem "others can enter the folder secrets (mode $(stat -L -c %a secrets)): chmod 0700 secrets"
    elif [ ! -x secrets ]; then
        problem "$(user_name) cannot look into the folder secrets: run this as its owner or as root"
        secrets_folder_seen=1
    fi
    return "$secrets_folder_seen"
}

readable_by_all() {
    [ $((0$(stat -L -c %a "$1") & 0444)) != $((0444)) ] || return 0
    if chmod a+r "$1" 2>/dev/null; then
        say "secrets: $2 is now readable by the containers' users (mode 0444; its folder keeps others out)."
    else
        problem "$2 cannot be read by the containers' users: chmod 0444 '$2'"
    fi
}
