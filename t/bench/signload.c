/*
 * signload SOCKET ROUNDS: pairs of a ticket and a segment's credentials asked
 * of a signer by one client, and the same number of bare signatures by the
 * library itself, in turns, so that both meet the same machine. JSON: raw and
 * served signatures/s of each round, and milliseconds of single pairs.
 */

#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/signer/protocol.h"
#include "common/util/hex.h"


#define PAIRS   500                                /* of a round */
#define WINDOW  64                                 /* pairs under way */
#define SINGLE  200                                /* pairs one by one */
#define FRAMES  (WINDOW * 1024)


static int          fd;
static uint32_t     nonce = 1;
static uint8_t      bytes[FRAMES];                 /* read, not yet whole */
static size_t       nbytes;


static double
now_s(clockid_t clock)
{
    struct timespec  t;

    clock_gettime(clock, &t);

    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}


static void
die(const char *what)
{
    fprintf(stderr, "signload: %s\n", what);
    exit(1);
}


static void
put_pair(lp_buf_t *b)
{
    lp_sign_request_t  r;

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_TICKETS;
    memset(r.tickets.recipient.b, 1, LP_ADDRESS_LEN);
    lp_u256_set(&r.tickets.face_value, 12000000000000000);
    r.tickets.win_prob.w[3] = UINT64_C(0x0b2f4fc07949);         /* 8 gwei */
    memset(r.tickets.rand_hash.b, 2, 32);
    memset(r.tickets.round_hash.b, 3, 32);
    r.tickets.round = 3900;
    r.tickets.first_nonce = nonce++;
    r.tickets.n = 1;
    lp_sign_encode_request(b, &r);

    memset(&r, 0, sizeof(r));
    r.kind = LP_SIGN_SEGMENT;
    strcpy(r.segment.manifest, "bench");
    r.segment.seq = nonce;
    r.segment.nnames = 3;
    strcpy(r.segment.names[0], "720p");
    strcpy(r.segment.names[1], "480p");
    strcpy(r.segment.names[2], "360p");
    lp_sign_encode_request(b, &r);
}


static void
put_all(const lp_buf_t *b)
{
    if (write(fd, b->data, b->len) != (ssize_t) b->len) {
        die("cannot write");
    }
}


/* at least one more answer; returns how many */

static unsigned
get_answers(void)
{
    size_t    at, whole;
    ssize_t   n;
    unsigned  count = 0;
    uint32_t  id;

    while (count == 0) {
        n = read(fd, bytes + nbytes, sizeof(bytes) - nbytes);
        if (n <= 0) {
            die("the signer went away");
        }

        nbytes += (size_t) n;

        for (at = 0; lp_sign_reply_id(&id, &whole, bytes + at, nbytes - at)
                     == LP_OK; at += whole, count++)
        {
            if (bytes[at + 4] != LP_SIGN_OK) {
                die(lp_sign_text((lp_sign_refusal_e) bytes[at + 4]));
            }
        }

        memmove(bytes, bytes + at, nbytes - at);
        nbytes -= at;
    }

    return count;
}


/* so many pairs with a window of them under way; signatures/s */

static double
run_pipelined(lp_buf_t *b)
{
    double    start = now_s(CLOCK_MONOTONIC);
    unsigned  asked = 0, answered = 0;

    while (answered < 2 * PAIRS) {
        lp_buf_reset(b);

        while (asked < PAIRS && asked - answered / 2 < WINDOW) {
            put_pair(b);
            asked++;
        }

        if (b->len) {
            put_all(b);
        }

        answered += get_answers();
    }

    return 2 * PAIRS / (now_s(CLOCK_MONOTONIC) - start);
}


/* by the thread's own time: a busy machine makes nothing look better */

static double
run_raw(const secp256k1_context *ctx, uint8_t digest[32],
    const uint8_t key[32])
{
    int                                    i;
    double                                 start;
    secp256k1_ecdsa_recoverable_signature  sig;

    start = now_s(CLOCK_THREAD_CPUTIME_ID);

    for (i = 0; i < 2 * PAIRS; i++) {
        digest[0]++;
        digest[1] = (uint8_t) i;

        if (!secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest, key, NULL,
                                              NULL))
        {
            die("cannot sign");
        }
    }

    return 2 * PAIRS / (now_s(CLOCK_THREAD_CPUTIME_ID) - start);
}


static void
open_socket(const char *path)
{
    struct sockaddr_un  at;

    memset(&at, 0, sizeof(at));
    at.sun_family = AF_UNIX;
    strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *) &at, sizeof(at)) != 0) {
        die("there is no signer");
    }
}


int
main(int argc, char **argv)
{
    int                 i, k, rounds, left;
    double              start;
    uint8_t             key[32], digest[32] = { 0 };
    lp_buf_t            b;
    secp256k1_context  *ctx;

    if (argc != 3) {
        die("signload SOCKET ROUNDS");
    }

    memset(key, 0x11, sizeof(key));
    rounds = atoi(argv[2]);
    ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    lp_buf_init(&b, FRAMES);
    open_socket(argv[1]);

    printf("{\"rounds\":[");

    for (i = 0; i < rounds; i++) {
        printf("%s[%.1f,", i ? "," : "", run_raw(ctx, digest, key));
        printf("%.1f", run_pipelined(&b));

        for (k = 0; k < SINGLE; k++) {
            lp_buf_reset(&b);
            put_pair(&b);
            start = now_s(CLOCK_MONOTONIC);
            put_all(&b);

            for (left = 2; left; left -= (int) get_answers()) { /* void */ }

            printf(",%.6f", (now_s(CLOCK_MONOTONIC) - start) * 1e3);
        }

        printf("]");
    }

    printf("]}\n");
    lp_buf_done(&b);
    secp256k1_context_destroy(ctx);

    return 0;
}
