/*
 * What an ETH costs in USD, from a Chainlink feed: read at the start and each
 * hour, each minute while there is none. A price older than a day and an
 * hour is none.
 */

#include <string.h>

#include "orchestrator/watcher_state.h"


#define ORCH_FEED_HOUR_MS    3600000
#define ORCH_FEED_AGAIN_MS   60000
#define ORCH_FEED_AGE_S      90000
#define ORCH_FEED_DECIMALS   18


static void
orch_watcher_feed_ask(orch_watcher_t *w)
{
    orch_watch_feed_t  *f = &w->feed;

    orch_chain_cancel(&f->decimals);
    orch_chain_cancel(&f->round);
    orch_chain_init(w->conf.chain, &f->decimals, &f->wake);
    orch_chain_init(w->conf.chain, &f->round, &f->wake);
    orch_chain_call(&f->decimals, &f->address, "decimals()");
    orch_chain_call(&f->round, &f->address, "latestRoundData()");
    f->asked = 1;
}


/* roundId, answer, startedAt, updatedAt, answeredInRound */

static lp_status_t
orch_watcher_feed_read(orch_watcher_t *w, lp_price_t *price)
{
    uint64_t            decimals, updated, scale;
    lp_abi_t            words;
    lp_buf_t            bytes;
    lp_u256_t           answer;
    lp_status_t         s;
    orch_watch_feed_t  *f = &w->feed;

    if (orch_chain_get_u64(&decimals, &f->decimals) != LP_OK
        || decimals > ORCH_FEED_DECIMALS)
    {
        return LP_MALFORMED;
    }

    lp_buf_init(&bytes, 5 * 32);
    s = orch_chain_get_bytes(&bytes, NULL, &f->round);
    words.data = bytes.data;
    words.len = bytes.len;

    if (s == LP_OK && (bytes.len != 5 * 32
                       || lp_abi_get_u256(&words, 1, &answer) != LP_OK
                       || lp_abi_get_u64(&words, 3, &updated) != LP_OK
                       || answer.w[1] | answer.w[2] | answer.w[3]
                       || answer.w[0] == 0 || answer.w[0] > INT64_MAX))
    {
        s = LP_MALFORMED;
    }

    lp_buf_done(&bytes);

    if (s != LP_OK) {
        return s;
    }

    if (updated + ORCH_FEED_AGE_S < w->facts.block_time) {
        return LP_EXPIRED;
    }

    for (scale = 1; decimals; decimals--) {
        scale *= 10;
    }

    price->num = (int64_t) answer.w[0];
    price->den = (int64_t) scale;

    return lp_price_reduce(price);
}


static void
orch_watcher_feed_on_answer(void *data)
{
    lp_price_t          price;
    lp_status_t         s;
    orch_watcher_t     *w = data;
    orch_watch_feed_t  *f = &w->feed;

    if (!f->asked || f->decimals.status == LP_AGAIN
        || f->round.status == LP_AGAIN)
    {
        return;
    }

    f->asked = 0;
    s = orch_watcher_feed_read(w, &price);

    if (s == LP_OK) {
        w->facts.eth_usd = price;
        orch_timer_set(&f->timer, ORCH_FEED_HOUR_MS);
        return;
    }

    if (s == LP_EXPIRED) {
        w->facts.eth_usd.num = 0;
        w->facts.eth_usd.den = 1;
    }

    lp_log(w->conf.log, LP_LOG_WARN, "no price of ETH from --price-feed: %s",
           lp_status_text(s));
    orch_timer_set(&f->timer, ORCH_FEED_AGAIN_MS);
}


static void
orch_watcher_feed_on_timer(void *data)
{
    orch_watcher_feed_ask(data);
}


void
orch_watcher_feed_init(orch_watcher_t *w)
{
    const char         *text = w->conf.conf->price_feed;
    orch_watch_feed_t  *f = &w->feed;

    orch_timer_init(&f->timer, w->conf.loop, orch_watcher_feed_on_timer, w);
    orch_timer_init(&f->wake, w->conf.loop, orch_watcher_feed_on_answer, w);

    if (lp_address_parse(&f->address, text, strlen(text)) == LP_OK) {
        orch_loop_wake(&f->timer);
    }
}


void
orch_watcher_feed_done(orch_watcher_t *w)
{
    orch_watch_feed_t  *f = &w->feed;

    orch_chain_cancel(&f->decimals);
    orch_chain_cancel(&f->round);
    orch_timer_done(&f->timer);
    orch_timer_done(&f->wake);
}
