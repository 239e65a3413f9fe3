/*
 * One segment to one orchestrator: what goes into POST /segment, and what
 * its answers mean. A peer's text never decides anything (T-28): it becomes
 * one of our sentences, and the operator's log shows it escaped.
 */
#include "common/net/capability.h"
#include "common/net/segcreds.h"
#include "common/util/log.h"
#include "ngx_livepeer_module/ngx_livepeer_curl.h"
#include "ngx_livepeer_module/ngx_livepeer_pay.h"
#include "ngx_livepeer_module/ngx_livepeer_seg.h"
#include "ngx_livepeer_module/ngx_livepeer_session.h"
#include "ngx_livepeer_module/ngx_livepeer_signer.h"
#include "ngx_livepeer_module/ngx_livepeer_submit.h"


#define NGX_LIVEPEER_SUBMIT_CONNECT    2000         /* ms */
#define NGX_LIVEPEER_SUBMIT_HEAD       2000
#define NGX_LIVEPEER_SUBMIT_TOTAL      8000
#define NGX_LIVEPEER_SUBMIT_ARENA      (1024 * 1024)
#define NGX_LIVEPEER_SUBMIT_TEXT       160          /* of a peer, logged */


/* go-livepeer's texts for a source that nobody could work on: wire.md 4.7 */

static const char  *ngx_livepeer_submit_bad_inputs[] = {
    "Unsupported input pixel format",
    "Error initializing filtergraph",
    "Too many outputs",
    "Unsupported input codec",
    "No keyframes in input",
    "Unrecoverable state, restart process",
    "Encoded frames runaway",
    "Decoder not found",
    "Demuxer not found",
    "Encoder not found",
    "Muxer not found",
    "Option not found",
    "Invalid argument",
    "TranscoderInvalidResolution",
    "TranscoderInvalidVideo",
    "TranscoderInvalidDuration",
    "TranscoderUnrecognizedFormat",
    "TranscoderUnrecognizedProfile",
    "TranscoderInvalidGOP",
    "TranscoderIncompatibleDevices",
    NULL
};


/* "name: value" and a NUL in the seg's pool; value is emptied */

static ngx_int_t
ngx_livepeer_submit_header(ngx_livepeer_seg_t *seg, ngx_str_t *header,
    const char *name, lp_buf_t *value)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc = NGX_ERROR;

    if (lp_buf_status(value) == LP_OK) {
        len = ngx_strlen(name) + sizeof(": ") - 1 + value->len;

        p = ngx_pnalloc(seg->pool, len + 1);
        if (p) {
            header->data = p;
            header->len = len;

            p = ngx_sprintf(p, "%s: ", name);
            p = ngx_cpymem(p, value->data, value->len);
            *p = '\0';

            rc = NGX_OK;
        }
    }

    lp_buf_done(value);

    return rc;
}


static ngx_int_t
ngx_livepeer_submit_credentials(ngx_livepeer_seg_t *seg)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    lp_buf_t                value;
    lp_wire_seg_data_t      data;
    ngx_livepeer_stream_t  *st = seg->stream;

    ngx_memzero(&data, sizeof(lp_wire_seg_data_t));

    data.manifest_id = (char *) st->manifest;
    data.seq = seg->seq;
    data.hash = seg->hash;
    data.duration_ms = (int32_t) seg->duration_ms;
    data.token = seg->session->info.token;
    data.has_token = 1;

    for (i = 0; i < seg->nrenditions; i++) {
        data.profiles[i] = st->rungs[i].profile;
    }

    data.nprofiles = seg->nrenditions;

    lp_capability_job(&data.capabilities, data.profiles, data.nprofiles);
    data.has_capabilities = 1;

    rc = st->conf->money.on_chain ? ngx_livepeer_pay_sign(seg, &data)
                                  : ngx_livepeer_signer_segment(&data);
    if (rc != NGX_OK) {
        return rc;
    }

    lp_buf_init(&value, LP_SEGCREDS_HEADER_MAX);
    lp_segcreds_encode(&value, &data);

    return ngx_livepeer_submit_header(seg, &seg->segment_header,
                                      "Livepeer-Segment", &value);
}


/*
 * Off chain nobody is paid, but the sender's address lets the orchestrator
 * check the segment's signature, and the price must not divide by zero. On
 * chain the bill says the rest.
 */

static ngx_int_t
ngx_livepeer_submit_payment(ngx_livepeer_seg_t *seg)
{
    ngx_int_t          rc;
    lp_buf_t           value;
    lp_sig_t           sig;
    lp_wire_payment_t  payment;

    ngx_memzero(&payment, sizeof(lp_wire_payment_t));

    rc = ngx_livepeer_signer_request(&payment.sender, &sig);
    if (rc != NGX_OK) {
        return rc;
    }

    payment.has_sender = 1;
    payment.price.num = 0;
    payment.price.den = 1;
    payment.has_price = 1;

    if (seg->bill) {
        ngx_livepeer_pay_payment(seg, &payment);
    }

    lp_buf_init(&value, LP_SEGCREDS_HEADER_MAX);
    lp_segcreds_encode_payment(&value, &payment);

    return ngx_livepeer_submit_header(seg, &seg->payment_header,
                                      "Livepeer-Payment", &value);
}


ngx_int_t
ngx_livepeer_submit_sign(ngx_livepeer_seg_t *seg)
{
    ngx_int_t  rc;

    rc = ngx_livepeer_submit_credentials(seg);

    if (rc == NGX_OK) {
        rc = ngx_livepeer_submit_payment(seg);
    }

    if (rc == NGX_ERROR && !seg->stopped) {
        seg->reason = "was not asked: the segment could not be signed";
        return NGX_DECLINED;
    }

    return rc;
}


static ngx_int_t
ngx_livepeer_submit_url(ngx_livepeer_seg_t *seg, ngx_str_t *url)
{
    ngx_str_t  *base = &seg->session->base;

    url->len = base->len + sizeof("/segment") - 1;

    url->data = ngx_pnalloc(seg->pool, url->len + 1);
    if (url->data == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(url->data, "%V/segment", base) = '\0';

    return NGX_OK;
}


static ngx_array_t *
ngx_livepeer_submit_headers(ngx_livepeer_seg_t *seg)
{
    ngx_str_t    *header;
    ngx_array_t  *headers;

    headers = ngx_array_create(seg->pool, 3, sizeof(ngx_str_t));
    if (headers == NULL) {
        return NULL;
    }

    header = ngx_array_push_n(headers, 3);

    ngx_str_set(&header[0], "Content-Type: video/MP2T");
    header[1] = seg->segment_header;
    header[2] = seg->payment_header;

    return headers;
}


ngx_int_t
ngx_livepeer_submit_start(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_call_conf_t  conf;

    ngx_memzero(&conf, sizeof(ngx_livepeer_call_conf_t));

    seg->reason = "was not asked: out of memory";

    conf.headers = ngx_livepeer_submit_headers(seg);

    if (conf.headers == NULL
        || ngx_livepeer_submit_url(seg, &conf.url) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    conf.stranger = seg->session->stranger;
    conf.watch = ngx_livepeer_session_watch(seg->session);
    conf.body = seg->bytes;
    conf.body_len = seg->len;
    conf.connect_timeout = NGX_LIVEPEER_SUBMIT_CONNECT;
    conf.head_timeout = ngx_max(NGX_LIVEPEER_SUBMIT_HEAD,
                                seg->duration_ms / 2);
    conf.timeout = ngx_max(NGX_LIVEPEER_SUBMIT_TOTAL, 4 * seg->duration_ms);
    conf.answer_max = LP_WIRE_MESSAGE_MAX;
    conf.wake = ngx_livepeer_seg_wake_handler;
    conf.owner = seg;

    seg->call = ngx_livepeer_curl_start(&conf, seg->stream->log);
    if (seg->call == NULL) {
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


const char *
ngx_livepeer_submit_refusal(ngx_uint_t status)
{
    switch (status) {

    case 400:
        return "refused the payment (400)";

    case 402:
        return "could not read the payment (402)";

    case 403:
        return "refused the credentials, or is full (403)";

    case 404:
        return "does not take segments (404)";

    case 408:
        return "did not get the segment in time (408)";

    case 413:
        return "finds the segment too large (413)";

    default:
        return status >= 500 ? "had an error of its own (5xx)"
                             : "refused the segment";
    }
}


static ngx_uint_t
ngx_livepeer_submit_blames_input(const char *text)
{
    const char  **p;

    for (p = ngx_livepeer_submit_bad_inputs; *p; p++) {
        if (ngx_strcmp(*p, text) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_livepeer_submit_log_text(ngx_livepeer_seg_t *seg, const char *text)
{
    char  line[NGX_LIVEPEER_SUBMIT_TEXT];

    lp_log_escape(line, sizeof(line), text, ngx_strlen(text));

    ngx_log_error(NGX_LOG_INFO, seg->stream->log, 0,
                  "livepeer: segment %uL of \"%V\": %V says \"%s\"",
                  seg->seq, &seg->stream->name, &seg->session->url, line);
}


static const char *
ngx_livepeer_submit_judge(ngx_livepeer_seg_t *seg, ngx_uint_t *bad_input)
{
    size_t                   i;
    lp_wire_result_t        *r = &seg->result;
    ngx_livepeer_session_t  *s = seg->session;

    if (r->error) {
        ngx_livepeer_submit_log_text(seg, r->error);

        if (ngx_livepeer_submit_blames_input(r->error)) {
            *bad_input = 1;
            return "finds the source unusable";
        }

        return "reported an error";
    }

    if (r->seq != seg->seq) {
        return "answered for another segment";
    }

    if (!r->has_data || r->nrenditions != seg->nrenditions) {
        return "sent another number of renditions";
    }

    for (i = 0; i < r->nrenditions; i++) {
        if (r->renditions[i].pixels <= 0) {
            return "claims a wrong number of pixels";
        }
    }

    /* on chain its next offer must come with it, from the same one */

    if (r->has_info && seg->bill && !r->info.has_address) {
        return "changed its address";
    }

    /* who signs is frozen for the session: T-24, T-25 */

    if (r->has_info && r->info.has_address && s->has_signer
        && !lp_address_equal(&r->info.address, &s->signer))
    {
        return "changed its address";
    }

    return NULL;
}


ngx_int_t
ngx_livepeer_submit_result(ngx_livepeer_seg_t *seg, ngx_uint_t *bad_input)
{
    lp_buf_t    *answer = &seg->call->answer;
    lp_status_t  status;

    *bad_input = 0;

    lp_arena_done(&seg->arena);
    lp_arena_init(&seg->arena, NGX_LIVEPEER_SUBMIT_ARENA);

    status = lp_wire_decode_result(&seg->arena, &seg->result, answer->data,
                                   answer->len);
    if (status != LP_OK) {
        seg->reason = "sent a malformed result";
        return NGX_DECLINED;
    }

    seg->reason = ngx_livepeer_submit_judge(seg, bad_input);

    return seg->reason ? NGX_DECLINED : NGX_OK;
}
