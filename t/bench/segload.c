/*
 * segload URL SEGMENT.ts COUNT SESSIONS NAME:WxH:BITRATE...
 * A broadcaster as fast as one core can be: SESSIONS sessions, in each one
 * segment after the other is signed, posted and its renditions fetched, until
 * COUNT are done. Prints one JSON line: rate, latencies, failures.
 */

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/net/segcreds.h"
#include "common/util/hex.h"


#define LOAD_SESSIONS_MAX  64


typedef struct load_s  load_t;

typedef struct {
    load_t             *load;
    char                base[256];
    char                manifest[17];
    char                session_id[65];
    uint8_t             token[128];
    size_t              token_len;
    int64_t             expiration;
    uint64_t            seq;
    CURL               *post;
    CURL               *get[LP_PROFILE_MAX];
    unsigned            waiting;             /* renditions still to come */
    struct curl_slist  *headers;
    lp_buf_t            answer;
    size_t              fetched;             /* bytes */
    double              started;
} load_session_t;

struct load_s {
    CURLM              *multi;
    lp_keys_t          *keys;
    lp_secret_t         secret;
    lp_address_t        address;
    uint8_t            *segment;
    size_t              segment_len;
    lp_hash_t           hash;
    lp_profile_t        profiles[LP_PROFILE_MAX];
    size_t              nprofiles;
    unsigned            count, begun, done, failed;
    double             *times;
    size_t              bytes_out;
    load_session_t      sessions[LOAD_SESSIONS_MAX];
};


static double
load_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
load_die(const char *what)
{
    fprintf(stderr, "segload: %s\n", what);
    exit(1);
}


static size_t
load_take(char *p, size_t size, size_t n, void *data)
{
    lp_buf_put(data, p, size * n);

    return size * n;
}


static size_t
load_count(char *p, size_t size, size_t n, void *data)
{
    (void) p;
    *(size_t *) data += size * n;

    return size * n;
}


static CURL *
load_easy(const char *url)
{
    CURL  *c = curl_easy_init();

    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);

    return c;
}


/* GetOrchestrator, waited for: this is before the clock starts */

static void
load_handshake(load_session_t *s, const char *url)
{
    size_t                  at, len;
    char                    path[512];
    CURL                   *c;
    lp_buf_t                req, ans;
    lp_hash_t               m;
    lp_arena_t              arena;
    const uint8_t          *msg;
    struct curl_slist      *h;
    lp_wire_orch_info_t     info;
    lp_wire_orch_request_t  r;

    lp_buf_init(&req, 65536);
    lp_buf_init(&ans, 1 << 20);
    lp_arena_init(&arena, 1 << 20);
    memset(&r, 0, sizeof(r));

    r.address = s->load->address;
    r.has_sig = 1;
    r.has_capabilities = 1;
    lp_segcreds_request_digest(&m, &r.address);
    lp_keys_sign(s->load->keys, &r.sig, &s->load->secret, &m);
    lp_capability_job(&r.capabilities, s->load->profiles, s->load->nprofiles);
    at = lp_wire_grpc_begin(&req);
    lp_wire_encode_orch_request(&req, &r);
    lp_wire_grpc_end(&req, at);

    snprintf(path, sizeof(path), "%s%s", url, LP_WIRE_GET_ORCHESTRATOR);
    c = load_easy(path);
    h = curl_slist_append(NULL, "content-type: application/grpc");
    h = curl_slist_append(h, "te: trailers");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, req.data);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long) req.len);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, load_take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &ans);

    if (curl_easy_perform(c) != CURLE_OK
        || lp_wire_grpc_open(&msg, &len, ans.data, ans.len) != LP_OK
        || lp_wire_decode_orch_info(&arena, &info, msg, len) != LP_OK
        || !info.has_token || info.token.token.len > sizeof(s->token)
        || strlen(info.token.session_id) >= sizeof(s->session_id))
    {
        load_die("no session from the orchestrator");
    }

    memcpy(s->token, info.token.token.data, info.token.token.len);
    s->token_len = info.token.token.len;
    strcpy(s->session_id, info.token.session_id);
    s->expiration = info.token.expiration;
    snprintf(s->base, sizeof(s->base), "%s", info.transcoder);

    curl_easy_cleanup(c);
    curl_slist_free_all(h);
    lp_buf_done(&req);
    lp_buf_done(&ans);
    lp_arena_done(&arena);
}


static void
load_headers(load_session_t *s)
{
    lp_buf_t            b;
    load_t             *load = s->load;
    lp_wire_payment_t   pay;
    lp_wire_seg_data_t  seg;

    memset(&seg, 0, sizeof(seg));
    memset(&pay, 0, sizeof(pay));

    seg.manifest_id = s->manifest;
    seg.seq = s->seq;
    seg.hash = load->hash;
    seg.duration_ms = 2000;
    seg.has_capabilities = 1;
    lp_capability_job(&seg.capabilities, load->profiles, load->nprofiles);
    seg.has_token = 1;
    seg.token.token.data = s->token;
    seg.token.token.len = s->token_len;
    seg.token.session_id = s->session_id;
    seg.token.expiration = s->expiration;
    memcpy(seg.profiles, load->profiles, sizeof(seg.profiles));
    seg.nprofiles = load->nprofiles;
    lp_segcreds_sign(&seg, load->keys, &load->secret);

    pay.sender = load->address;
    pay.has_sender = 1;
    pay.has_price = 1;
    pay.price.den = 1;

    lp_buf_init(&b, 1 << 20);
    lp_buf_put_str(&b, "Livepeer-Segment: ");
    lp_segcreds_encode(&b, &seg);
    lp_buf_put_u8(&b, 0);
    curl_slist_free_all(s->headers);
    s->headers = curl_slist_append(NULL, (char *) b.data);

    lp_buf_reset(&b);
    lp_buf_put_str(&b, "Livepeer-Payment: ");
    lp_segcreds_encode_payment(&b, &pay);
    lp_buf_put_u8(&b, 0);
    s->headers = curl_slist_append(s->headers, (char *) b.data);
    s->headers = curl_slist_append(s->headers, "Content-Type: video/MP2T");
    s->headers = curl_slist_append(s->headers, "Expect:");
    lp_buf_done(&b);
}


static void
load_begin(load_session_t *s)
{
    char     url[320];
    load_t  *load = s->load;

    if (load->begun == load->count) {
        return;
    }

    load->begun++;
    s->seq++;
    s->started = load_now();
    s->fetched = 0;
    load_headers(s);
    lp_buf_reset(&s->answer);

    snprintf(url, sizeof(url), "%s/segment", s->base);
    if (s->post == NULL) {
        s->post = load_easy(url);
    }

    curl_easy_setopt(s->post, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->post, CURLOPT_POSTFIELDS, load->segment);
    curl_easy_setopt(s->post, CURLOPT_POSTFIELDSIZE,
                     (long) load->segment_len);
    curl_easy_setopt(s->post, CURLOPT_WRITEFUNCTION, load_take);
    curl_easy_setopt(s->post, CURLOPT_WRITEDATA, &s->answer);
    curl_easy_setopt(s->post, CURLOPT_PRIVATE, s);
    curl_multi_add_handle(load->multi, s->post);
}


static void
load_end(load_session_t *s, int failed, const char *why)
{
    load_t  *load = s->load;

    if (failed) {
        load->failed++;
        if (load->failed <= 3) {
            fprintf(stderr, "segload: %s\n", why);
        }
    }

    load->bytes_out += s->fetched;
    load->times[load->done++] = load_now() - s->started;
    load_begin(s);
}


static void
load_result(load_session_t *s)
{
    size_t            i;
    lp_arena_t        arena;
    lp_wire_result_t  r;

    lp_arena_init(&arena, 1 << 20);

    if (lp_wire_decode_result(&arena, &r, s->answer.data, s->answer.len)
        != LP_OK || r.error || r.nrenditions != s->load->nprofiles)
    {
        load_end(s, 1, r.error ? r.error : "not a result");
        lp_arena_done(&arena);
        return;
    }

    s->waiting = (unsigned) r.nrenditions;

    for (i = 0; i < r.nrenditions; i++) {
        if (s->get[i] == NULL) {
            s->get[i] = load_easy("");
        }

        curl_easy_setopt(s->get[i], CURLOPT_URL, r.renditions[i].url);
        curl_easy_setopt(s->get[i], CURLOPT_WRITEFUNCTION, load_count);
        curl_easy_setopt(s->get[i], CURLOPT_WRITEDATA, &s->fetched);
        curl_easy_setopt(s->get[i], CURLOPT_PRIVATE, s);
        curl_multi_add_handle(s->load->multi, s->get[i]);
    }

    lp_arena_done(&arena);
}


static void
load_message(load_t *load, CURLMsg *m)
{
    long             status = 0;
    CURL            *c = m->easy_handle;
    CURLcode         rc = m->data.result;
    load_session_t  *s;

    curl_easy_getinfo(c, CURLINFO_PRIVATE, (char **) &s);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(load->multi, c);

    if (c != s->post) {
        if ((rc != CURLE_OK || status != 200) && s->waiting) {
            fprintf(stderr, "segload: rendition: %s, %ld\n",
                    curl_easy_strerror(rc), status);
            load->failed++;
        }

        if (--s->waiting == 0) {
            load_end(s, 0, NULL);
        }

        return;
    }

    if (rc != CURLE_OK || status != 200) {
        lp_buf_put_u8(&s->answer, 0);
        load_end(s, 1, rc != CURLE_OK ? curl_easy_strerror(rc)
                                      : (char *) s->answer.data);
        return;
    }

    load_result(s);
}


static int
load_cmp(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}


static void
load_read(load_t *load, const char *file)
{
    FILE  *f = fopen(file, "rb");

    if (f == NULL) {
        load_die("the segment file cannot be read");
    }

    load->segment = malloc(LP_WIRE_MESSAGE_MAX * 64);
    load->segment_len = fread(load->segment, 1, LP_WIRE_MESSAGE_MAX * 64, f);
    fclose(f);
    lp_keccak256(&load->hash, load->segment, load->segment_len);
}


static void
load_profile(lp_profile_t *p, const char *arg)
{
    memset(p, 0, sizeof(lp_profile_t));

    if (sscanf(arg, "%64[^:]:%ux%u:%u", p->name, &p->width, &p->height,
               &p->bitrate) != 4)
    {
        load_die("a profile is NAME:WxH:BITRATE");
    }
}


int
main(int argc, char **argv)
{
    int       i, n, left, sessions;
    double    t0, dt;
    load_t   *load;
    CURLMsg  *m;
    uint8_t   seed[32];

    if (argc < 6) {
        load_die("usage: segload URL SEGMENT COUNT SESSIONS PROFILE...");
    }

    curl_global_init(CURL_GLOBAL_ALL);
    load = calloc(1, sizeof(load_t));
    load->multi = curl_multi_init();
    curl_multi_setopt(load->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);

    if (getrandom(seed, 32, 0) != 32
        || getrandom(load->secret.b, 32, 0) != 32)
    {
        load_die("no random bytes");
    }

    load->keys = lp_keys_create(seed);
    lp_keys_address(load->keys, &load->address, &load->secret);
    load_read(load, argv[2]);
    load->count = (unsigned) atoi(argv[3]);
    sessions = atoi(argv[4]);
    load->times = calloc(load->count + 1, sizeof(double));

    for (i = 5; i < argc && load->nprofiles < LP_PROFILE_MAX; i++) {
        load_profile(&load->profiles[load->nprofiles++], argv[i]);
    }

    if (sessions < 1 || sessions > LOAD_SESSIONS_MAX) {
        load_die("1 to 64 sessions");
    }

    for (i = 0; i < sessions; i++) {
        load->sessions[i].load = load;
        snprintf(load->sessions[i].manifest, 17, "load%d", i);
        lp_buf_init(&load->sessions[i].answer, 1 << 20);
        load_handshake(&load->sessions[i], argv[1]);
    }

    t0 = load_now();

    for (i = 0; i < sessions; i++) {
        load_begin(&load->sessions[i]);
    }

    while (load->done < load->count) {
        curl_multi_perform(load->multi, &n);

        while ((m = curl_multi_info_read(load->multi, &left))) {
            if (m->msg == CURLMSG_DONE) {
                load_message(load, m);
            }
        }

        curl_multi_poll(load->multi, NULL, 0, 100, NULL);
    }

    dt = load_now() - t0;
    qsort(load->times, load->count, sizeof(double), load_cmp);

    printf("{\"segments\":%u,\"failed\":%u,\"seconds\":%.3f,\"rate\":%.1f,"
           "\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"bytes_out\":%zu}\n",
           load->done, load->failed, dt, load->done / dt,
           load->times[load->count / 2] * 1e3,
           load->times[load->count * 99 / 100] * 1e3, load->bytes_out);

    return load->failed != 0;
}
