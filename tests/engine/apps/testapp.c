/*
 * testapp: a small HTTP/1.1 server whose good and bad manners are chosen by its environment.
 *
 * Tests deploy it, replace it and kill it under load; what it logs says which requests
 * really ran. One static binary, so that it also stands for an image without a shell.
 *
 *   PORT [8080], VERSION, BODY           what it serves
 *   ON_TERM=graceful|abrupt|deaf         what SIGTERM does [graceful]
 *   READY_AFTER=SECONDS, NEVER_READY=1   how long /health answers 503
 *   DIE_AFTER=SECONDS, CRASH_AT_START=1  how it ends by itself, with exit code 1
 *   ECHO=1                               every other path is /echo
 *
 *   /  /health  /id  /echo  /post  /slow?ms=N  /status?code=N  /env?name=N  /ws
 *   /stream?ms=N&events=N server-sent events, one each N ms [200], so many of them [10]
 *   /sum                  how many bytes the body had, and their CRC-32
 *   /big?bytes=N          N bytes
 *   /reply?code=N&A=b&…   an answer with the headers A: b, …, values percent-encoded
 *   /drop                 the connection is closed instead of an answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 65536, READ_SIZE = 65536, HEADERS_MAX = 200, TICK_MS = 50 };

typedef struct { char *name, *value; } Header;

typedef struct {
    int fd, draining_ticks;
    char *buffer;         /* bytes read and not yet used: [start, end) */
    size_t start, end;
    char head[HEAD_MAX];  /* the request's head, cut into strings */
    char *method, *target, *query;
    Header headers[HEADERS_MAX];
    int header_count, http10, keep;
    long long body;       /* bytes of body received */
    int summing;          /* whether `sum` is wanted: it costs */
    uint32_t sum;         /* CRC-32 of the body */
} Conn;

static double started;
static atomic_int draining, open_connections;
static int listener;
static char host[256];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {}
}

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

/* ---- output ---- */

static int send_all(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

/* One write(2) per line, so that lines of different threads never mix. */
static void log_line(const char *format, ...) {
    char line[4096];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (n > (int)sizeof line - 2) n = sizeof line - 2;
    line[n++] = '\n';
    if (write(1, line, (size_t)n) < 0) return;
}

static int answer(Conn *c, int code, const char *type, const char *body, size_t size) {
    char head[512];
    if (draining) c->keep = 0;
    int n = snprintf(head, sizeof head,
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nX-Version: %s\r\n%s\r\n",
        code, code < 400 ? "OK" : "Error", type, size, setting("VERSION", "0"),
        c->keep ? "" : "Connection: close\r\n");
    int bare = !strcmp(c->method, "HEAD") || code == 204 || code == 304;
    return send_all(c->fd, head, (size_t)n) || (!bare && send_all(c->fd, body, size)) ? -1 : 0;
}

static int answer_text(Conn *c, int code, const char *text) {
    return answer(c, code, "text/plain; charset=utf-8", text, strlen(text));
}

/* ---- input ---- */

/* Wait for more bytes; -1 when there will be none, or when we drain and it stays quiet. */
static int fill(Conn *c, int idle) {
    if (c->start == c->end) c->start = c->end = 0;
    for (;;) {
        struct pollfd p = {c->fd, POLLIN, 0};
        int n = poll(&p, 1, TICK_MS);
        if (n < 0 && errno != EINTR) return -1;
        if (n > 0) break;
        if (draining && idle && c->draining_ticks++ >= 2) return -1;
    }
    ssize_t n;
    do n = recv(c->fd, c->buffer + c->end, READ_SIZE - c->end, 0); while (n < 0 && errno == EINTR);
    if (n <= 0) return -1;
    c->end += (size_t)n;
    return 0;
}

/* One line, without its end, into `line`; its length, or -1. */
static long read_line(Conn *c, char *line, size_t size, int idle) {
    size_t length = 0;
    for (;;) {
        if (c->start == c->end && fill(c, idle && !length)) return -1;
        char byte = c->buffer[c->start++];
        if (byte == '\n') break;
        if (length + 1 >= size) return -1;
        line[length++] = byte;
    }
    if (length && line[length - 1] == '\r') length--;
    line[length] = 0;
    return (long)length;
}

static const char *header(const Conn *c, const char *name) {
    for (int i = 0; i < c->header_count; i++)
        if (!strcasecmp(c->headers[i].name, name)) return c->headers[i].value;
    return NULL;
}

static int read_head(Conn *c) {
    char *at = c->head, *stop = c->head + HEAD_MAX;
    long n = read_line(c, at, (size_t)(stop - at), 1);
    if (n <= 0) return -1;
    char *space = strchr(at, ' '), *version = space ? strchr(space + 1, ' ') : NULL;
    if (!version) return -1;
    *space = *version++ = 0;
    c->method = at;
    c->target = space + 1;
    c->http10 = !strcmp(version, "HTTP/1.0");
    c->header_count = 0;
    for (at += n + 1;; at += n + 1) {
        n = read_line(c, at, (size_t)(stop - at), 0);
        if (n < 0 || c->header_count == HEADERS_MAX) return -1;
        if (!n) break;
        char *colon = strchr(at, ':');
        if (!colon) return -1;
        *colon++ = 0;
        colon += strspn(colon, " \t");
        c->headers[c->header_count++] = (Header){at, colon};
    }
    const char *connection = header(c, "Connection");
    c->keep = c->http10 ? connection && strcasestr(connection, "keep-alive") != NULL
                        : !(connection && strcasestr(connection, "close"));
    return 0;
}

static uint32_t crc_table[256];

static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
        crc_table[i] = crc;
    }
}

static void sum(Conn *c, const char *data, size_t size) {
    uint32_t crc = ~c->sum;
    for (; size; size--) crc = crc >> 8 ^ crc_table[(crc ^ (unsigned char)*data++) & 255];
    c->sum = ~crc;
}

static int skip(Conn *c, long long size) {
    while (size > 0) {
        if (c->start == c->end && fill(c, 0)) return -1;
        long long n = (long long)(c->end - c->start);
        if (n > size) n = size;
        if (c->summing) sum(c, c->buffer + c->start, (size_t)n);
        c->start += (size_t)n;
        c->body += n;
        size -= n;
    }
    return 0;
}

static int read_body(Conn *c) {
    const char *length = header(c, "Content-Length"), *coding = header(c, "Transfer-Encoding");
    const char *expect = header(c, "Expect");
    c->body = 0;
    c->sum = 0;
    c->summing = !strcmp(c->target, "/sum");
    if (expect && strcasestr(expect, "100-continue"))
        if (send_all(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25)) return -1;
    if (!coding) return length ? skip(c, atoll(length)) : 0;
    char line[256];
    for (;;) {
        if (read_line(c, line, sizeof line, 0) < 0) return -1;
        long long size = strtoll(line, NULL, 16);
        if (size && skip(c, size)) return -1;
        if (!size) break;
        if (read_line(c, line, sizeof line, 0)) return -1;
    }
    long n;
    while ((n = read_line(c, line, sizeof line, 0)) > 0) {}
    return n < 0 ? -1 : 0;
}

/* The value of a query parameter, as it stands there; empty when it is absent. */
static void parameter(const Conn *c, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    value[0] = 0;
    for (const char *at = c->query; at; at = strchr(at, '&')) {
        if (*at == '&') at++;
        if (strncmp(at, name, length) || at[length] != '=') continue;
        snprintf(value, size, "%.*s", (int)strcspn(at + length + 1, "&"), at + length + 1);
        return;
    }
}

/* ---- answers ---- */

static void put_json(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') fprintf(out, "\\%c", byte);
        else if (byte < 32 || byte > 126) fprintf(out, "\\u%04x", byte);
        else fputc(byte, out);
    }
    fputc('"', out);
}

static int echo(Conn *c, const char *target) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "{\"method\": ");
    put_json(out, c->method);
    fprintf(out, ", \"path\": ");
    put_json(out, target);
    fprintf(out, ", \"host\": ");
    put_json(out, host);
    fprintf(out, ", \"version\": ");
    put_json(out, setting("VERSION", "0"));
    fprintf(out, ", \"body_length\": %lld, \"headers\": [", c->body);
    for (int i = 0; i < c->header_count; i++) {
        fprintf(out, i ? ", [" : "[");
        put_json(out, c->headers[i].name);
        fprintf(out, ", ");
        put_json(out, c->headers[i].value);
        fputc(']', out);
    }
    fprintf(out, "]}\n");
    fclose(out);
    int failed = answer(c, 200, "application/json", text, size);
    free(text);
    return failed;
}

/* Write a value of the query, its %XX decoded. */
static void put_decoded(FILE *out, const char *at, size_t size) {
    for (const char *stop = at + size; at < stop; at++) {
        char pair[3] = {0}, *end;
        if (*at == '%' && stop - at > 2) {
            memcpy(pair, at + 1, 2);
            long byte = strtol(pair, &end, 16);
            if (end == pair + 2) {
                fputc((int)byte, out);
                at += 2;
                continue;
            }
        }
        fputc(*at, out);
    }
}

static int reply(Conn *c) {
    char *text = NULL, code[16];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    parameter(c, "code", code, sizeof code);
    fprintf(out, "HTTP/1.1 %d Reply\r\nContent-Length: 6\r\n", *code ? atoi(code) : 200);
    for (const char *at = c->query; at && *at;) {
        size_t pair = strcspn(at, "&"), name = strcspn(at, "=&");
        if (name < pair && strncmp(at, "code=", 5)) {
            fprintf(out, "%.*s: ", (int)name, at);
            put_decoded(out, at + name + 1, pair - name - 1);
            fprintf(out, "\r\n");
        }
        at += pair + (at[pair] == '&');
    }
    fprintf(out, "\r\n%s", strcmp(c->method, "HEAD") ? "reply\n" : "");
    fclose(out);
    int failed = send_all(c->fd, text, size);
    free(text);
    return failed;
}

static int big(Conn *c) {
    char value[32], head[128], block[16384];
    parameter(c, "bytes", value, sizeof value);
    long long left = atoll(value);
    int n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %lld\r\n\r\n", left);
    memset(block, 'x', sizeof block);
    if (send_all(c->fd, head, (size_t)n)) return -1;
    if (!strcmp(c->method, "HEAD")) return 0;
    for (; left > 0; left -= (long long)sizeof block)
        if (send_all(c->fd, block, left < (long long)sizeof block ? (size_t)left : sizeof block)) return -1;
    return 0;
}

static int stream(Conn *c) {
    const char *head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Cache-Control: no-cache\r\nConnection: close\r\n\r\n";
    char pause[16], events[16];
    parameter(c, "ms", pause, sizeof pause);
    parameter(c, "events", events, sizeof events);
    c->keep = 0;
    if (send_all(c->fd, head, strlen(head))) return -1;
    for (int i = 0; i < (*events ? atoi(events) : 10); i++) {
        char event[64];
        int n = snprintf(event, sizeof event, "id: %d\ndata: event %d\n\n", i, i);
        if (i) sleep_ms(*pause ? atol(pause) : 200);
        if (send_all(c->fd, event, (size_t)n)) return -1;
    }
    return -1;
}

static uint32_t turn(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const unsigned char *data, size_t size, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    unsigned char block[192] = {0};
    size_t padded = (size + 8) / 64 * 64 + 64;
    if (padded > sizeof block) return; /* a websocket key is never that long */
    memcpy(block, data, size);
    block[size] = 0x80;
    for (int i = 0; i < 8; i++) block[padded - 1 - i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
    for (size_t at = 0; at < padded; at += 64) {
        for (int i = 0; i < 16; i++) {
            const unsigned char *b = block + at + 4 * i;
            w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        }
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d
                       : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = turn(a, 5) + f + e + k + w[i];
            e = d; d = c; c = turn(b, 30); b = a; a = next;
        }
        h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static void base64(const unsigned char *data, size_t size, char *text) {
    const char *set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t n = (uint32_t)data[i] << 16;
        if (i + 1 < size) n |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size) n |= data[i + 2];
        *text++ = set[n >> 18 & 63];
        *text++ = set[n >> 12 & 63];
        *text++ = i + 1 < size ? set[n >> 6 & 63] : '=';
        *text++ = i + 2 < size ? set[n & 63] : '=';
    }
    *text = 0;
}

static int take(Conn *c, void *data, size_t size) {
    for (unsigned char *at = data; size; size--) {
        if (c->start == c->end && fill(c, 0)) return -1;
        *at++ = (unsigned char)c->buffer[c->start++];
    }
    return 0;
}

/* Echo frames of up to 64 KiB, as they come; a fragment is echoed as a fragment. */
static int websocket(Conn *c) {
    const char *key = header(c, "Sec-WebSocket-Key");
    if (!key || strlen(key) > 64) return answer_text(c, 400, "no websocket key\n");
    char text[256];
    unsigned char digest[20] = {0};
    int n = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1((unsigned char *)text, (size_t)n, digest);
    base64(digest, 20, text);
    char head[512];
    n = snprintf(head, sizeof head, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", text);
    if (send_all(c->fd, head, (size_t)n)) return -1;
    static __thread unsigned char frame[65536 + 4];
    for (;;) {
        unsigned char first[2], more[2], mask[4];
        if (take(c, first, 2)) return -1;
        size_t size = first[1] & 127, at = 2;
        if (size == 127) return -1;
        if (size == 126) {
            if (take(c, more, 2)) return -1;
            size = (size_t)more[0] << 8 | more[1];
        }
        if (!(first[1] & 128) || take(c, mask, 4)) return -1;
        frame[0] = (unsigned char)((first[0] & 15) == 9 ? 0x8A : first[0]); /* ping: pong */
        frame[1] = (unsigned char)(size < 126 ? size : 126);
        if (size >= 126) {
            frame[at++] = (unsigned char)(size >> 8);
            frame[at++] = (unsigned char)size;
        }
        if (take(c, frame + at, size)) return -1;
        for (size_t i = 0; i < size; i++) frame[at + i] ^= mask[i % 4];
        if ((first[0] & 15) != 10 && send_all(c->fd, frame, at + size)) return -1;
        if ((first[0] & 15) == 8) return -1;
    }
}

static int serve(Conn *c) {
    char whole[HEAD_MAX], value[256], text[2048];
    snprintf(whole, sizeof whole, "%s", c->target);
    c->query = strchr(c->target, '?');
    if (c->query) *c->query++ = 0;
    const char *id = header(c, "X-Request-Id"), *path = c->target;
    if (id) log_line("REQ %s %s %s %lld", id, c->method, path, c->body);
    if (!strcmp(path, "/health")) {
        int ready = now() - started >= atof(setting("READY_AFTER", "0"))
                    && strcmp(setting("NEVER_READY", ""), "1");
        return ready ? answer_text(c, 200, "ok\n") : answer_text(c, 503, "not ready\n");
    }
    if (!strcmp(path, "/echo")) return echo(c, whole);
    if (!strcmp(path, "/stream")) return stream(c);
    if (!strcmp(path, "/ws")) return websocket(c);
    if (!strcmp(path, "/reply")) return reply(c);
    if (!strcmp(path, "/big")) return big(c);
    if (!strcmp(path, "/drop")) return -1;
    if (!strcmp(path, "/status")) {
        parameter(c, "code", value, sizeof value);
        int code = atoi(value);
        return answer_text(c, code >= 200 && code < 600 ? code : 400, "status\n");
    }
    if (!strcmp(path, "/slow")) {
        parameter(c, "ms", value, sizeof value);
        sleep_ms(atol(value));
    }
    if (!strcmp(path, "/id")) snprintf(text, sizeof text, "%s\n", host);
    else if (!strcmp(path, "/env")) {
        parameter(c, "name", value, sizeof value);
        snprintf(text, sizeof text, "%s\n", setting(value, ""));
    } else if (!strcmp(path, "/post")) snprintf(text, sizeof text, "%lld\n", c->body);
    else if (!strcmp(path, "/sum")) snprintf(text, sizeof text, "%lld %08x\n", c->body, c->sum);
    else if (strcmp(path, "/slow") && *setting("ECHO", "")) return echo(c, whole);
    else snprintf(text, sizeof text, "%s version %s on %s\n", setting("BODY", "testapp"),
                  setting("VERSION", "0"), host);
    return answer_text(c, 200, text);
}

/* ---- life and death ---- */

static void *converse(void *argument) {
    Conn *c = argument;
    while (!read_head(c) && !read_body(c) && !serve(c) && c->keep) {}
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    free(c->buffer);
    free(c);
    open_connections--;
    return NULL;
}

static void *wait_for_signal(void *argument) {
    const char *manners = setting("ON_TERM", "graceful");
    for (int got = 0; !sigwait(argument, &got);) {
        if (got == SIGTERM && !strcmp(manners, "deaf")) continue;
        log_line("testapp: signal %d, %s", got, manners);
        if (got == SIGINT || !strcmp(manners, "abrupt")) _exit(143);
        draining = 1;
        shutdown(listener, SHUT_RDWR); /* wakes accept */
    }
    return NULL;
}

static void *die_later(void *argument) {
    sleep_ms((long)(atof(argument) * 1000));
    log_line("testapp: DIE_AFTER is over");
    _exit(1);
}

static void listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        log_line("testapp: port %d: %s", port, strerror(errno));
        exit(1);
    }
}

static void detach(void *(*run)(void *), void *argument) {
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 512 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &small, run, argument)) {
        log_line("testapp: no more threads");
        exit(1);
    }
}

int main(void) {
    static sigset_t signals;
    int port = atoi(setting("PORT", "8080"));
    started = now();
    make_crc_table();
    gethostname(host, sizeof host);
    if (!strcmp(setting("CRASH_AT_START", ""), "1")) {
        log_line("testapp: CRASH_AT_START");
        return 1;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    listen_on(port);
    detach(wait_for_signal, &signals);
    if (getenv("DIE_AFTER") && *getenv("DIE_AFTER")) detach(die_later, getenv("DIE_AFTER"));
    log_line("testapp: version %s listens on %d", setting("VERSION", "0"), port);
    while (!draining) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Conn *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->buffer = malloc(READ_SIZE);
        open_connections++;
        detach(converse, c);
    }
    while (open_connections) sleep_ms(5);
    log_line("testapp: done");
    return 0;
}
