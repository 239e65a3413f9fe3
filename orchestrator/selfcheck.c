/* A value that the signer drew goes out and must come back signed by us. */

#include <stdio.h>
#include <string.h>

#include "orchestrator/selfcheck.h"


#define ORCH_SELFCHECK_AFTER_MS  2000
#define ORCH_SELFCHECK_MS        8000
#define ORCH_SELFCHECK_MAX       1024             /* bytes of an answer */
#define ORCH_SELFCHECK_ARENA     4096


enum { check_wait, check_sign, check_ask, check_over };


static void
orch_selfcheck_end(orch_selfcheck_t *c, const char *what)
{
    c->state = check_over;

    if (what == NULL) {
        lp_log(c->rpc->log, LP_LOG_INFO, "%s leads to us",
               c->rpc->service_uri);
        return;
    }

    lp_log(c->rpc->log, LP_LOG_WARN, "our own address %s %s: give the "
           "--service-addr that reaches this listener from outside",
           c->rpc->service_uri, what);

    if (strcmp(c->rpc->conf->startup_check, "on") == 0) {
        c->failed = 1;
        orch_loop_wake(c->wake);
    }
}


static void
orch_selfcheck_ask(orch_selfcheck_t *c)
{
    lp_buf_t         message;
    orch_request_t  *r = &c->request;

    lp_buf_init(&message, ORCH_SELFCHECK_MAX);
    lp_wire_encode_ping(&message, c->value, sizeof(c->value));

    lp_buf_put_u8(&c->body, 0);
    lp_buf_put_be32(&c->body, (uint32_t) message.len);
    lp_buf_put(&c->body, message.data, message.len);
    lp_buf_done(&message);

    snprintf(c->url, sizeof(c->url), "%s/net.Orchestrator/Ping",
             c->rpc->service_uri);

    r->url = c->url;
    r->content_type = "application/grpc";
    r->body = c->body.data;
    r->len = c->body.len;
    r->timeout_ms = ORCH_SELFCHECK_MS;
    r->answer_max = ORCH_SELFCHECK_MAX;
    r->insecure = 1;
    r->grpc = 1;
    r->wake = &c->timer;

    c->state = check_ask;

    if (orch_client_start(c->client, r) != LP_OK) {
        orch_selfcheck_end(c, "cannot be asked: out of memory");
    }
}


static const char *
orch_selfcheck_judge(orch_selfcheck_t *c)
{
    int              same;
    lp_arena_t       arena;
    lp_bytes_t       value;
    const lp_buf_t  *a = &c->request.answer;

    if (c->request.failed || c->request.status != 200) {
        return "does not answer";
    }

    if (a->len < 5 || a->data[0] != 0
        || lp_get_be32(a->data + 1) != a->len - 5)
    {
        return "does not answer as an orchestrator does";
    }

    lp_arena_init(&arena, ORCH_SELFCHECK_ARENA);

    same = lp_wire_decode_ping(&arena, &value, a->data + 5, a->len - 5)
               == LP_OK
           && value.len == LP_SIG_LEN
           && memcmp(value.data, c->sig.b, LP_SIG_LEN) == 0;

    lp_arena_done(&arena);

    return same ? NULL : "is answered by somebody else";
}


static void
orch_selfcheck_run(void *data)
{
    orch_selfcheck_t  *c = data;

    if (c->state == check_wait) {
        c->state = check_sign;
        orch_signer_issue_ping(c->rpc->signer, &c->sign, &c->timer);
    }

    if (c->state == check_sign) {

        if (c->sign.status == LP_AGAIN) {
            return;
        }

        if (c->sign.status != LP_OK || c->sign.reply.refusal != LP_SIGN_OK) {
            orch_selfcheck_end(c, "was not checked: the signer refused");
            return;
        }

        memcpy(c->value, c->sign.reply.ping, sizeof(c->value));
        c->sig = c->sign.reply.sig;
        orch_signer_cancel(&c->sign);
        orch_selfcheck_ask(c);
        return;
    }

    if (c->state == check_ask && c->request.done) {
        orch_selfcheck_end(c, orch_selfcheck_judge(c));
        orch_client_cancel(&c->request);
    }
}


void
orch_selfcheck_begin(orch_selfcheck_t *c, orch_rpc_t *rpc,
    orch_client_t *client, orch_timer_t *wake)
{
    if (strcmp(rpc->conf->startup_check, "off") == 0) {
        return;
    }

    c->rpc = rpc;
    c->own = client ? NULL : orch_client_create(rpc->loop);
    c->client = client ? client : c->own;
    c->wake = wake;
    lp_buf_init(&c->body, ORCH_SELFCHECK_MAX);
    orch_timer_init(&c->timer, rpc->loop, orch_selfcheck_run, c);

    if (c->client) {
        orch_timer_set(&c->timer, ORCH_SELFCHECK_AFTER_MS);
    }
}


void
orch_selfcheck_done(orch_selfcheck_t *c)
{
    if (c->rpc == NULL) {
        return;
    }

    orch_signer_cancel(&c->sign);
    orch_client_cancel(&c->request);
    orch_client_destroy(&c->own);
    orch_timer_done(&c->timer);
    lp_buf_done(&c->body);
    c->rpc = NULL;
}
