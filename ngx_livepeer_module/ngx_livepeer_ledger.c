/*
 * Short visits to the ledger, each under the zone's lock.
 */
#include "ngx_livepeer_module/ngx_livepeer_ledger.h"
#include "ngx_livepeer_module/ngx_livepeer_zone.h"

#include <math.h>
#include <signal.h>


#define NGX_LIVEPEER_LEDGER_DAY  86400


static const struct {
    const char  *label;
    const char  *text;
} ngx_livepeer_ledger_stops[] = {
#define NGX_LIVEPEER_LEDGER_STOP(name, label, text)  { label, text },
    NGX_LIVEPEER_STOP_MAP(NGX_LIVEPEER_LEDGER_STOP)
};


ngx_uint_t
ngx_livepeer_ledger_watch(ngx_msec_t ttl)
{
    ngx_uint_t              mine;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    mine = l->watcher == ngx_pid
           || (ngx_msec_int_t) (l->watcher_until - ngx_current_msec) <= 0
           || (kill(l->watcher, 0) == -1 && ngx_errno == NGX_ESRCH);

    if (mine) {
        l->watcher = ngx_pid;
        l->watcher_until = ngx_current_msec + ttl;
    }

    ngx_livepeer_zone_unlock();

    return mine;
}


void
ngx_livepeer_ledger_facts(ngx_livepeer_facts_t *facts)
{
    ngx_livepeer_zone_lock();
    *facts = ngx_livepeer_zone_ledger()->facts;
    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_ledger_set_facts(const ngx_livepeer_facts_t *facts)
{
    ngx_livepeer_zone_lock();
    ngx_livepeer_zone_ledger()->facts = *facts;
    ngx_livepeer_zone_unlock();
}


void
ngx_livepeer_ledger_set_hello(const lp_sign_hello_t *hello)
{
    ngx_livepeer_zone_lock();
    ngx_livepeer_zone_ledger()->hello = *hello;
    ngx_livepeer_zone_unlock();
}


/* The registry */


void
ngx_livepeer_ledger_set_entries(const ngx_livepeer_entry_t *entries,
    ngx_uint_t n)
{
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    n = ngx_min(n, NGX_LIVEPEER_ENTRIES_MAX);

    ngx_livepeer_zone_lock();

    l->pool_read = ngx_current_msec;

    if (n != l->nentries
        || ngx_memcmp(l->entries, entries, n * sizeof(l->entries[0])) != 0)
    {
        ngx_memcpy(l->entries, entries, n * sizeof(l->entries[0]));
        l->nentries = n;
        l->pool_generation++;
    }

    ngx_livepeer_zone_unlock();
}


/* one aligned word: read without the lock, every second */

uint64_t
ngx_livepeer_ledger_generation(void)
{
    return *(volatile uint64_t *) &ngx_livepeer_zone_ledger()->pool_generation;
}


ngx_uint_t
ngx_livepeer_ledger_entries(ngx_livepeer_entry_t *entries, ngx_uint_t max)
{
    ngx_uint_t              n;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    n = ngx_min(max, l->nentries);
    ngx_memcpy(entries, l->entries, n * sizeof(l->entries[0]));

    ngx_livepeer_zone_unlock();

    return n;
}


ngx_int_t
ngx_livepeer_ledger_find(lp_address_t *address, ngx_str_t *url)
{
    ngx_int_t               rc = NGX_DECLINED;
    ngx_uint_t              i;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    for (i = 0; i < l->nentries; i++) {
        if (ngx_strlen(l->entries[i].url) == url->len
            && ngx_strncasecmp((u_char *) l->entries[i].url, url->data,
                               url->len) == 0)
        {
            *address = l->entries[i].address;
            rc = NGX_OK;
            break;
        }
    }

    ngx_livepeer_zone_unlock();

    return rc;
}


/* Standings */


static ngx_uint_t
ngx_livepeer_ledger_is_suspended(ngx_livepeer_standing_t *s)
{
    return s->penalty
           && (ngx_msec_int_t) (s->suspended + s->penalty - ngx_current_msec)
              > 0;
}


/* is a a better place to take than b */

static ngx_uint_t
ngx_livepeer_ledger_rather(ngx_livepeer_standing_t *a,
    ngx_livepeer_standing_t *b)
{
    ngx_uint_t  sa, sb;

    sa = ngx_livepeer_ledger_is_suspended(a);
    sb = ngx_livepeer_ledger_is_suspended(b);

    if (sa != sb) {
        return sa < sb;
    }

    return (ngx_msec_int_t) (a->touched - b->touched) < 0;
}


ngx_livepeer_standing_t *
ngx_livepeer_ledger_standing(const lp_address_t *a)
{
    ngx_uint_t                i;
    ngx_livepeer_standing_t  *s, *place = NULL;
    ngx_livepeer_ledger_t    *l = ngx_livepeer_zone_ledger();

    for (i = 0; i < NGX_LIVEPEER_STANDINGS; i++) {
        s = &l->standings[i];

        if (lp_address_equal(&s->address, a)) {
            s->touched = ngx_current_msec;
            return s;
        }

        if (lp_address_is_zero(&s->address)) {
            place = s;
            break;
        }

        if (place == NULL || ngx_livepeer_ledger_rather(s, place)) {
            place = s;
        }
    }

    ngx_memzero(place, sizeof(ngx_livepeer_standing_t));
    place->address = *a;
    place->touched = ngx_current_msec;

    return place;
}


/* Spending */


static void
ngx_livepeer_ledger_turn_day(ngx_livepeer_spent_t *spent)
{
    int64_t  day = (int64_t) ngx_time() / NGX_LIVEPEER_LEDGER_DAY;

    if (spent->day != day) {
        spent->day = day;
        lp_money_zero(&spent->day_ev);
    }
}


/* a chance, for statistics: no money is in it */

static void
ngx_livepeer_ledger_expect(ngx_livepeer_spent_t *spent, int n,
    const lp_u256_t *win_prob)
{
    double  p = ldexp((double) win_prob->w[3], -64);

    spent->wins_expected += n * p;
    spent->wins_variance += n * p * (1 - p);
}


ngx_int_t
ngx_livepeer_ledger_spend(const lp_money_t *ev, uint32_t n,
    const lp_u256_t *win_prob, const lp_u256_t *day_budget)
{
    ngx_int_t              rc = NGX_DECLINED;
    lp_money_t             limit, day, total;
    ngx_livepeer_spent_t  *spent = &ngx_livepeer_zone_ledger()->spent;

    ngx_livepeer_zone_lock();

    ngx_livepeer_ledger_turn_day(spent);

    if (lp_money_add(&day, &spent->day_ev, ev) == LP_OK
        && lp_money_add(&total, &spent->ev, ev) == LP_OK
        && (lp_money_from_wei(&limit, day_budget) != LP_OK
            || lp_money_cmp(&day, &limit) <= 0))
    {
        spent->day_ev = day;
        spent->ev = total;
        spent->tickets += n;
        ngx_livepeer_ledger_expect(spent, (int) n, win_prob);
        rc = NGX_OK;
    }

    ngx_livepeer_zone_unlock();

    return rc;
}


void
ngx_livepeer_ledger_unspend(const lp_money_t *ev, uint32_t n,
    const lp_u256_t *win_prob)
{
    ngx_livepeer_spent_t  *spent = &ngx_livepeer_zone_ledger()->spent;

    ngx_livepeer_zone_lock();

    (void) lp_money_sub(&spent->ev, &spent->ev, ev);
    spent->tickets -= n;
    ngx_livepeer_ledger_expect(spent, -(int) n, win_prob);

    if (lp_money_cmp(&spent->day_ev, ev) >= 0) {
        (void) lp_money_sub(&spent->day_ev, &spent->day_ev, ev);
    }

    ngx_livepeer_zone_unlock();
}


static void
ngx_livepeer_ledger_smaller(lp_u256_t *left, const lp_u256_t *budget,
    const lp_u256_t *used)
{
    lp_u256_t  rest;

    if (lp_u256_sub(&rest, budget, used) != LP_OK) {
        lp_u256_set(&rest, 0);
    }

    if (lp_u256_cmp(&rest, left) < 0) {
        *left = rest;
    }
}


ngx_uint_t
ngx_livepeer_ledger_limited(const lp_u256_t *budget)
{
    return (budget->w[0] & budget->w[1] & budget->w[2] & budget->w[3])
           != UINT64_MAX;
}


void
ngx_livepeer_ledger_left(lp_u256_t *left, const lp_u256_t *day_budget)
{
    lp_u256_t               used;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_memset(left, 0xff, sizeof(lp_u256_t));
    ngx_livepeer_ledger_turn_day(&l->spent);

    if (ngx_livepeer_ledger_limited(day_budget)
        && lp_money_to_wei(&used, &l->spent.day_ev, LP_ROUND_UP) == LP_OK)
    {
        ngx_livepeer_ledger_smaller(left, day_budget, &used);
    }

    if (ngx_livepeer_ledger_limited(&l->hello.day_budget)
        && !lp_address_is_zero(&l->hello.address))
    {
        ngx_livepeer_ledger_smaller(left, &l->hello.day_budget,
                                    &l->hello.day_spent);
    }
}


/* Stops */


ngx_uint_t
ngx_livepeer_ledger_stop(ngx_livepeer_stop_e stop)
{
    ngx_uint_t              other;
    ngx_livepeer_ledger_t  *l = ngx_livepeer_zone_ledger();

    ngx_livepeer_zone_lock();

    other = l->stop != (uint32_t) stop;
    l->stop = stop;

    ngx_livepeer_zone_unlock();

    return other;
}


const char *
ngx_livepeer_ledger_stop_text(ngx_livepeer_stop_e stop)
{
    return ngx_livepeer_ledger_stops[stop].text;
}


const char *
ngx_livepeer_ledger_stop_label(ngx_livepeer_stop_e stop)
{
    return ngx_livepeer_ledger_stops[stop].label;
}
