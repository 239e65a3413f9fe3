/*
 * POST /segment as a step table. Credentials first, then payment and credit;
 * the body is hashed while it arrives, the early 200 sent when the hash is
 * right; what fails later is told in the body of that 200.
 *
 *   head -> pay -> body -> accept -> work -> sign -> offer -> reply -> done
 *     \------\------\-> refuse         \-------\---> offer    (error in the
 *                                                              body)
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/rpc_result.h"


#define ORCH_SEGMENT_REPLY     (64 * 1024)
#define ORCH_SEGMENT_DURATION  2000                    /* ms when not said */
#define ORCH_SEGMENT_BODY_MS   8000                    /* at least, to arrive */


typedef enum {
    segment_head,
    segment_pay,
    segment_body,
    segment_accept,
    segment_work,
    segment_sign,
    segment_offer,
    segment_reply,
    segment_refuse,
    segment_done
} orch_segment_e;

typedef struct {
    orch_rpc_t           *rpc;
    orch_http_request_t  *r;              /* NULL: answered, or it went away */
    orch_segment_e        state;
    orch_timer_t          wake;
    orch_creds_t          creds;
    orch_session_t       *session;
    lp_buf_t              body;
    lp_keccak_t           keccak;
    uint64_t              counted;        /* bytes of memory, body's */
    uint64_t              begun_ms;
    uint64_t              accepted_ms;
    uint8_t               whole;          /* the body came to its end */
    uint8_t               accepted;       /* the early 200 is out */
    uint8_t               held;           /* hold is to be settled */
    uint8_t               offered;        /* params are fresh */
    uint8_t               replied;
    orch_job_t           *job;
    orch_payment_t        pay;
    lp_hold_t             hold;
    lp_params_t           params;
    orch_sign_t           sign;
    uint8_t               signing;        /* sign was started */
    const char           *error;          /* Livepeer-Error of a refusal */
    lp_status_t           rc;             /* of the step that failed */
} orch_segment_t;

typedef struct {
    const char        *name;
    lp_status_t      (*run)(orch_segment_t *seg);
    orch_segment_e     next;
    orch_segment_e     fail;
} orch_segment_step_t;


static lp_status_t orch_segment_head(orch_segment_t *seg);
static lp_status_t orch_segment_pay(orch_segment_t *seg);
static lp_status_t orch_segment_body(orch_segment_t *seg);
static lp_status_t orch_segment_accept(orch_segment_t *seg);
static lp_status_t orch_segment_work(orch_segment_t *seg);
static lp_status_t orch_segment_sign(orch_segment_t *seg);
static lp_status_t orch_segment_offer(orch_segment_t *seg);
static lp_status_t orch_segment_reply(orch_segment_t *seg);
static lp_status_t orch_segment_refuse(orch_segment_t *seg);

static const orch_segment_step_t  orch_segment_steps[] = {
    [segment_head]   = { "head",   orch_segment_head,
                         segment_pay,    segment_refuse },
    [segment_pay]    = { "pay",    orch_segment_pay,
                         segment_body,   segment_refuse },
    [segment_body]   = { "body",   orch_segment_body,
                         segment_accept, segment_refuse },
    [segment_accept] = { "accept", orch_segment_accept,
                         segment_work,   segment_done   },
    [segment_work]   = { "work",   orch_segment_work,
                         segment_sign,   segment_offer  },
    [segment_sign]   = { "sign",   orch_segment_sign,
                         segment_offer,  segment_offer  },
    [segment_offer]  = { "offer",  orch_segment_offer,
                         segment_reply,  segment_reply  },
    [segment_reply]  = { "reply",  orch_segment_reply,
                         segment_done,   segment_done   },
    [segment_refuse] = { "refuse", orch_segment_refuse,
                         segment_done,   segment_done   }
};


static lp_status_t
orch_segment_fail(orch_segment_t *seg, int http_status, const char *text,
    lp_status_t why)
{
    seg->creds.http_status = http_status;
    seg->creds.text = text;

    return why;
}


/* a URL to fetch from is refused: we connect to no one a peer names (T-44) */

static lp_status_t
orch_segment_type(orch_segment_t *seg)
{
    size_t      i;
    orch_str_t  type;
    static const char *const  known[] = {
        "video/", "application/octet-stream"
    };

    type = orch_http_header(seg->r, "content-type", NULL);

    if (type.len == 0) {
        return LP_OK;
    }

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (type.len >= strlen(known[i])
            && strncasecmp(type.data, known[i], strlen(known[i])) == 0)
        {
            return LP_OK;
        }
    }

    if (type.len == 28
        && strncasecmp(type.data, "application/vnd+livepeer.uri", 28) == 0)
    {
        return orch_segment_fail(seg, 400, "BadRequest", LP_UNSUPPORTED);
    }

    return orch_segment_fail(seg, 415, "Unsupported Media Type",
                             LP_UNSUPPORTED);
}


static lp_status_t
orch_segment_size(orch_segment_t *seg)
{
    uint64_t        len = seg->r->content_length;
    orch_memory_t  *memory = &seg->rpc->memory;

    if (len == UINT64_MAX) {
        return LP_OK;
    }

    if (len > seg->rpc->conf->segment_max) {
        return orch_segment_fail(seg, 413, "Request Entity Too Large",
                                 LP_TOO_BIG);
    }

    if (memory->used + len > memory->max) {
        return orch_segment_fail(seg, 503, "Service Unavailable", LP_NOMEM);
    }

    return LP_OK;
}


static void
orch_segment_expect(orch_segment_t *seg)
{
    uint64_t  len = seg->r->content_length;

    if (seg->creds.seg.duration_ms == 0) {
        seg->creds.seg.duration_ms = ORCH_SEGMENT_DURATION;
    }

    seg->r->body_max = seg->rpc->conf->segment_max;
    seg->r->body_deadline_ms = (uint64_t) seg->creds.seg.duration_ms * 4;

    if (seg->r->body_deadline_ms < ORCH_SEGMENT_BODY_MS) {
        seg->r->body_deadline_ms = ORCH_SEGMENT_BODY_MS;
    }

    /* one allocation of the right size; pages come as bytes come */

    if (len != UINT64_MAX && len && lp_buf_add(&seg->body, len)) {
        lp_buf_reset(&seg->body);
    }
}


static lp_status_t
orch_segment_head(orch_segment_t *seg)
{
    lp_status_t  rc;

    if (!orch_rpc_method_is(seg->r, "POST")) {
        return orch_segment_fail(seg, 405, "Method Not Allowed",
                                 LP_UNSUPPORTED);
    }

    rc = orch_segment_size(seg);

    if (rc == LP_OK) {
        rc = orch_segment_type(seg);
    }

    if (rc == LP_OK) {
        rc = orch_creds_read(seg->rpc, &seg->creds, seg->r);
    }

    if (rc != LP_OK) {
        return rc;
    }

    rc = orch_capacity_hold(&seg->rpc->capacity, &seg->session,
                            &seg->creds.token);
    if (rc != LP_OK) {
        return orch_segment_fail(seg, 403, "OrchestratorCapped", rc);
    }

    orch_segment_expect(seg);

    return LP_OK;
}


/*
 * Tickets judged and credited, then the most that this segment can cost is
 * held: only now is its body worth reading (T-13).
 */

static lp_status_t
orch_segment_pay(orch_segment_t *seg)
{
    lp_status_t       rc;
    orch_payments_t  *p = seg->rpc->payments;

    if (p == NULL) {
        return LP_OK;
    }

    rc = orch_payments_take(p, &seg->pay, &seg->creds.token,
                            &seg->creds.payment, seg->r->peer, &seg->wake);
    if (rc == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (rc != LP_OK) {
        seg->error = seg->pay.error;
        return orch_segment_fail(seg, seg->pay.http_status, seg->pay.text,
                                 rc);
    }

    rc = orch_payments_hold(p, &seg->hold, &seg->creds.token,
                            &seg->creds.seg);
    if (rc == LP_BUSY) {
        return orch_segment_fail(seg, 503, "Service Unavailable", rc);
    }

    if (rc != LP_OK) {
        seg->error = orch_payments_error("Insufficient balance");
        return orch_segment_fail(seg, 400, "Insufficient balance", rc);
    }

    seg->held = 1;

    return LP_OK;
}


static lp_status_t
orch_segment_body(orch_segment_t *seg)
{
    uint64_t   now;
    lp_hash_t  hash;

    if (lp_buf_status(&seg->body) != LP_OK) {
        return orch_segment_fail(seg, 503, "Service Unavailable", LP_NOMEM);
    }

    if (!seg->whole && !seg->r->ended) {
        return LP_AGAIN;
    }

    now = orch_loop_now_ms(seg->rpc->loop);
    orch_metrics_observe(&seg->rpc->metrics.upload,
                         (now - seg->begun_ms) * 1000);

    lp_keccak_final(&seg->keccak, &hash);

    if (memcmp(hash.b, seg->creds.seg.hash.b, sizeof(hash.b)) != 0) {
        return orch_segment_fail(seg, 403, "Forbidden", LP_MISMATCH);
    }

    return LP_OK;
}


static lp_status_t
orch_segment_accept(orch_segment_t *seg)
{
    orch_rpc_t          *rpc = seg->rpc;
    orch_http_header_t   headers[] = {
        { "content-type", "application/octet-stream" },
        { "x-content-type-options", "nosniff" }
    };

    seg->accepted = 1;
    seg->accepted_ms = orch_loop_now_ms(rpc->loop);
    seg->session->segments++;
    seg->session->seq = seg->creds.seg.seq;

    rpc->in_flight++;
    rpc->metrics.value[ORCH_METRIC_SEGMENTS]++;
    rpc->metrics.value[ORCH_METRIC_BYTES_IN] += seg->body.len;

    orch_http_head(seg->r, 200, headers, 2);

    return LP_OK;
}


static lp_status_t
orch_segment_submit(orch_segment_t *seg)
{
    orch_job_t                *job;
    const lp_wire_seg_data_t  *s = &seg->creds.seg;

    if (seg->session->ended) {
        return LP_GONE;
    }

    if (seg->rpc->in_flight > seg->rpc->conf->max_segments) {
        return LP_BUSY;
    }

    job = orch_sched_job(&seg->rpc->sched, &seg->body, seg->counted);
    if (job == NULL) {
        return LP_NOMEM;
    }

    seg->counted = 0;                              /* the job's from here */
    seg->job = job;

    job->wake = &seg->wake;
    job->hash = s->hash;
    job->ask.seq = s->seq;
    job->ask.duration_ms = (uint32_t) s->duration_ms;
    job->ask.nprofiles = (uint32_t) s->nprofiles;
    memcpy(job->ask.profiles, s->profiles,
           s->nprofiles * sizeof(lp_profile_t));

    return orch_sched_submit(&seg->rpc->sched, &seg->session->queue, job);
}


static lp_status_t
orch_segment_work(orch_segment_t *seg)
{
    lp_status_t  rc;

    if (seg->job == NULL) {
        rc = orch_segment_submit(seg);
        return rc == LP_OK ? LP_AGAIN : rc;
    }

    return seg->job->state == job_done ? seg->job->status : LP_AGAIN;
}


/* exactly the bytes that will be served, and only they, are signed */

static void
orch_segment_start_sign(orch_segment_t *seg)
{
    size_t          i, n, len[LP_PROFILE_MAX];
    lp_hash_t       hashes[LP_PROFILE_MAX];
    const void     *data[LP_PROFILE_MAX];
    orch_rpc_t     *rpc = seg->rpc;
    orch_job_t     *job = seg->job;

    n = job->ask.nprofiles;

    for (i = 0; i < n; i++) {
        data[i] = job->data[i];
        len[i] = job->result.renditions[i].len;
        rpc->metrics.value[ORCH_METRIC_BYTES_OUT] += len[i];
        rpc->metrics.value[ORCH_METRIC_PIXELS]
            += job->result.renditions[i].pixels;
    }

    lp_keccak256_many(hashes, data, len, n);

    seg->signing = 1;
    orch_signer_result(rpc->signer, &seg->sign, hashes, n, &seg->wake);
}


static lp_status_t
orch_segment_sign(orch_segment_t *seg)
{
    if (seg->session->ended) {
        return LP_GONE;
    }

    if (!seg->signing) {
        orch_segment_start_sign(seg);
    }

    if (seg->sign.status == LP_AGAIN) {
        return LP_AGAIN;
    }

    return seg->sign.status == LP_OK
           && seg->sign.reply.refusal == LP_SIGN_OK
           ? orch_shelf_put(&seg->session->shelf, seg->job) : LP_INTERNAL;
}


/*
 * Fresh parameters at the session's own price for the next payment. Without
 * them the reply has no info, and the sender goes on with what it has.
 */

static lp_status_t
orch_segment_offer(orch_segment_t *seg)
{
    lp_price_t       price;
    lp_status_t      rc;
    const char      *text;
    orch_creds_t    *c = &seg->creds;

    if (seg->rpc->payments == NULL) {
        seg->offered = 1;
        return LP_OK;
    }

    price.num = c->token.price.num;
    price.den = c->token.price.den;

    rc = orch_payments_offer(seg->rpc->payments, &seg->params,
                             &c->token.sender, &price, seg->r->peer,
                             &seg->wake, &text);
    if (rc == LP_AGAIN) {
        return LP_AGAIN;
    }

    if (rc == LP_OK) {
        seg->offered = 1;

    } else {
        lp_log(seg->rpc->log, LP_LOG_INFO, "session %.8s has no parameters: "
               "%s", seg->session->id, text);
    }

    return LP_OK;
}


/* the request is not ours any more: no callback of it may find us */

static orch_http_request_t *
orch_segment_detach(orch_segment_t *seg)
{
    orch_http_request_t  *r = seg->r;

    seg->r = NULL;

    r->data = NULL;
    r->on_body = NULL;
    r->on_end = NULL;
    r->on_abort = NULL;

    return r;
}


static void
orch_segment_account(orch_segment_t *seg)
{
    uint64_t         now = orch_loop_now_ms(seg->rpc->loop);
    orch_metrics_t  *m = &seg->rpc->metrics;

    orch_metrics_observe(&m->transcode, (now - seg->accepted_ms) * 1000);
    m->value[seg->rc == LP_OK ? ORCH_METRIC_SEGMENTS_OK
                              : ORCH_METRIC_SEGMENTS_ERR]++;

    if (seg->job && seg->job->blob) {
        m->value[ORCH_METRIC_ENGINE_MS] += seg->job->result.cpu_ms;
    }

    seg->session->round_ms = now - seg->begun_ms;
    seg->rpc->last_result_ms = now;

    if (seg->rc == LP_OK) {
        lp_log(seg->rpc->log, LP_LOG_DEBUG, "segment %llu of %.8s: %llu ms",
               (unsigned long long) seg->creds.seg.seq, seg->session->id,
               (unsigned long long) seg->session->round_ms);
        return;
    }

    lp_log(seg->rpc->log, LP_LOG_WARN, "segment %llu of %.8s failed: %s",
           (unsigned long long) seg->creds.seg.seq, seg->session->id,
           lp_status_text(seg->rc));
}


static lp_status_t
orch_segment_reply(orch_segment_t *seg)
{
    lp_buf_t              out;
    orch_result_t         result;
    orch_http_request_t  *r;

    result.rpc = seg->rpc;
    result.creds = &seg->creds;
    result.params = seg->offered ? &seg->params : NULL;
    result.session = seg->session->id;
    result.job = seg->job;
    result.sig = &seg->sign.reply.sig;

    lp_buf_init(&out, ORCH_SEGMENT_REPLY);
    seg->rc = orch_result_encode(&out, &result, seg->rc);
    orch_segment_account(seg);
    seg->replied = 1;

    r = orch_segment_detach(seg);

    orch_http_body(r, out.data, out.len, NULL, NULL);
    orch_http_finish(r, NULL, 0);

    lp_buf_done(&out);

    return LP_OK;
}


static lp_status_t
orch_segment_refuse(orch_segment_t *seg)
{
    seg->rpc->metrics.value[ORCH_METRIC_REFUSED]++;

    lp_log(seg->rpc->log, LP_LOG_INFO, "segment of %s refused: %d %s (%s)",
           seg->r->peer, seg->creds.http_status, seg->creds.text,
           lp_status_text(seg->rc));

    orch_rpc_refuse_payment(orch_segment_detach(seg), seg->creds.http_status,
                            seg->creds.text, seg->error);

    return LP_OK;
}


/* what was delivered is paid for; what was not may count against the sender */

static void
orch_segment_settle(orch_segment_t *seg)
{
    size_t            i;
    uint64_t          pixels = 0;
    lp_status_t       outcome = seg->rc;
    orch_payments_t  *p = seg->rpc->payments;

    if (!seg->replied && outcome == LP_OK) {
        outcome = LP_MALFORMED;                    /* it went away: T-14 */
    }

    if (outcome == LP_OK) {
        for (i = 0; i < seg->job->ask.nprofiles; i++) {
            pixels += seg->job->result.renditions[i].pixels;
        }

        if (orch_payments_unpriced(p, seg->job->result.decoded_pixels,
                                   pixels, seg->job->ask.duration_ms))
        {
            outcome = LP_BUDGET;
        }
    }

    orch_payments_settle(p, &seg->hold, &seg->creds.token, pixels, outcome);
}


static void
orch_segment_finalize(orch_segment_t *seg)
{
    orch_rpc_t  *rpc = seg->rpc;

    if (seg->held) {
        orch_segment_settle(seg);
    }

    if (rpc->payments) {
        orch_payments_drop(&seg->pay);
        orch_payments_forget(rpc->payments, &seg->wake);
    }

    if (seg->signing) {
        orch_signer_cancel(&seg->sign);
    }

    if (seg->accepted) {
        rpc->in_flight--;
    }

    orch_sched_leave(&seg->job);
    orch_capacity_release(&rpc->capacity, &seg->session);
    orch_memory_give(&rpc->memory, seg->counted);
    orch_timer_done(&seg->wake);
    orch_creds_done(&seg->creds);
    lp_buf_done(&seg->body);
    free(seg);

    if (rpc->idle) {
        orch_loop_wake(rpc->idle);
    }
}


/* the request's events and the job's wake; the only caller of a step */

static void
orch_segment_run(void *data)
{
    lp_status_t      rc;
    orch_segment_t  *seg = data;

    while (seg->r && seg->state != segment_done) {

        rc = orch_segment_steps[seg->state].run(seg);

        if (rc == LP_AGAIN) {
            return;
        }

        lp_log(seg->rpc->log, LP_LOG_DEBUG, "segment %llu: %s: %s",
               (unsigned long long) seg->creds.seg.seq,
               orch_segment_steps[seg->state].name, lp_status_label(rc));

        if (rc != LP_OK) {
            seg->rc = rc;
        }

        seg->state = rc == LP_OK ? orch_segment_steps[seg->state].next
                                 : orch_segment_steps[seg->state].fail;
    }

    orch_segment_finalize(seg);
}


static void
orch_segment_on_body(orch_http_request_t *r, const uint8_t *p, size_t len)
{
    orch_segment_t  *seg = r->data;

    if (seg->state != segment_pay && seg->state != segment_body) {
        return;
    }

    if (orch_memory_take(&seg->rpc->memory, len)) {
        seg->counted += len;
        lp_keccak_update(&seg->keccak, p, len);
        lp_buf_put(&seg->body, p, len);

    } else {
        seg->body.status = LP_NOMEM;
    }

    if (lp_buf_status(&seg->body) != LP_OK) {
        orch_segment_run(seg);
    }
}


static void
orch_segment_on_end(orch_http_request_t *r)
{
    orch_segment_t  *seg = r->data;

    seg->whole = 1;
    orch_segment_run(seg);
}


static void
orch_segment_on_abort(orch_http_request_t *r)
{
    orch_segment_t  *seg = r->data;

    orch_segment_detach(seg);
    orch_segment_run(seg);
}


void
orch_segment_begin(orch_rpc_t *rpc, orch_http_request_t *r)
{
    orch_segment_t  *seg;

    seg = calloc(1, sizeof(orch_segment_t));
    if (seg == NULL) {
        orch_rpc_refuse(r, 503, "Service Unavailable");
        return;
    }

    seg->rpc = rpc;
    seg->r = r;
    seg->begun_ms = orch_loop_now_ms(rpc->loop);

    lp_arena_init(&seg->creds.arena, 0);
    lp_buf_init(&seg->body, rpc->conf->segment_max);
    lp_keccak_init(&seg->keccak);
    orch_timer_init(&seg->wake, rpc->loop, orch_segment_run, seg);

    r->data = seg;
    r->on_body = orch_segment_on_body;
    r->on_end = orch_segment_on_end;
    r->on_abort = orch_segment_on_abort;

    orch_segment_run(seg);
}
