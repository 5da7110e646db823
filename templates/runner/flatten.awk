# JSON in, one line per value out:  path.to.key<TAB>value   (list items are counted: ports.0).
# Used by lib-facts.sh on what `docker compose config --format json` prints.  -v dollars=1 undoes
# the doubling of "$" in it.  In a key a dot is written \. ; in keys and values a backslash is \\,
# a newline \n, a tab \t, a carriage return \r and a NUL \0 ; an empty object is \{} , an empty
# list \[] , null \~ . Numbers, true and false stand as they are.  POSIX awk (mawk, gawk, busybox),
# to be run with LC_ALL=C.  Exit code: 0, or 1 when the input is not JSON.
function die() { print "flatten.awk: line " NR " is not JSON: " substr($0, 1, 60) > "/dev/stderr"; bad = 1; exit 1 }

function hex(text,    i, n) {
    for (i = 1; i <= length(text); i++)
        n = n * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
    return n
}

function bytes(code) {
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
    if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
    return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64)
}

# The character(s) of one \uXXXX at the start of text, or of a surrogate pair; sets `eaten`.
function unicode(text,    code, low) {
    code = hex(substr(text, 3, 4)); eaten = 6
    if (code >= 55296 && code < 56320 && substr(text, 7, 2) == "\\u") {
        low = hex(substr(text, 9, 4))
        if (low >= 56320 && low < 57344) { eaten = 12; code = 65536 + (code - 55296) * 1024 + low - 56320 }
    }
    if (code == 0) return "\\0"
    if (code == 9 || code == 10 || code == 13 || code == 92) return raw[code]
    return bytes(code)
}

# The inside of a JSON string, as it is to be written.
function plain(text, iskey,    out, at, c) {
    out = ""
    if (dollars) gsub(/\$\$/, "$", text)
    while (at = index(text, "\\")) {
        out = out dots(substr(text, 1, at - 1), iskey)
        text = substr(text, at)
        c = substr(text, 2, 1)
        if (c == "u") { out = out dots2(unicode(text), iskey); text = substr(text, eaten + 1); continue }
        if (c == "n" || c == "t" || c == "r") out = out "\\" c
        else if (c == "\\") out = out "\\\\"
        else if (c == "b") out = out bytes(8)
        else if (c == "f") out = out bytes(12)
        else out = out c
        text = substr(text, 3)
    }
    return out dots(text, iskey)
}

# Not with gsub: what a backslash means in its replacement differs between the awks.
function dots(text, iskey,    out, at) {
    if (!iskey) return text
    out = ""
    while (at = index(text, ".")) { out = out substr(text, 1, at - 1) "\\."; text = substr(text, at + 1) }
    return out text
}

function dots2(text, iskey) { return iskey && text == "." ? "\\." : text }

function leaf(value) {
    print path[depth] "\t" value
    used[depth] = 1
}

# A value begins: in a list its path ends with a number.
function begin() {
    if (list[depth]) path[depth + 1] = (depth > 1 ? path[depth] "." : "") count[depth]++
    else if (depth) path[depth + 1] = (depth > 1 ? path[depth] "." : "") key
    else path[1] = ""
    used[depth] = 1
    depth++
}

function open(islist) { begin(); list[depth] = islist; count[depth] = 0; used[depth] = 0; wantkey = !islist }

function close_() {
    if (!used[depth]) print path[depth] "\t" (list[depth] ? "\\[]" : "\\{}")
    depth--
    wantkey = depth && !list[depth]
}

BEGIN { raw[9] = "\\t"; raw[10] = "\\n"; raw[13] = "\\r"; raw[92] = "\\\\"; list[0] = 0; depth = 0 }

{
    rest = $0
    while (1) {
        sub(/^[ \t\r,]+/, "", rest)
        if (rest == "") break
        c = substr(rest, 1, 1)
        if (c == "{" || c == "[") { open(c == "["); rest = substr(rest, 2) }
        else if (c == "}" || c == "]") { if (!depth) die(); close_(); rest = substr(rest, 2) }
        else if (c == "\"") {
            if (!match(rest, /^"([^"\\]|\\.)*"/)) die()
            text = substr(rest, 2, RLENGTH - 2)
            rest = substr(rest, RLENGTH + 1)
            if (wantkey) {
                key = plain(text, 1)
                if (!match(rest, /^[ \t]*:/)) die()
                rest = substr(rest, RLENGTH + 1)
                wantkey = 0
                continue
            }
            begin(); leaf(plain(text, 0)); depth--; wantkey = depth && !list[depth]
        }
        else if (match(rest, /^[-+.0-9A-Za-z]+/)) {
            word = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            begin(); leaf(word == "null" ? "\\~" : word); depth--; wantkey = depth && !list[depth]
        }
        else die()
    }
}

END { if (bad || depth || !NR) exit 1 }
