/* Rows of orchestrators, in the slot of their stream. */

#include "ngx_livepeer_module/ngx_livepeer_peer.h"
#include "ngx_livepeer_module/ngx_livepeer_row.h"


ngx_livepeer_orch_stat_t *
ngx_livepeer_row_lock(ngx_livepeer_seg_t *seg)
{
    ngx_livepeer_stream_t     *st = seg->stream;
    ngx_livepeer_orch_stat_t  *row = NULL;

    ngx_livepeer_zone_lock();

    if (ngx_livepeer_zone_owns(st->slot, st->generation)) {
        row = ngx_livepeer_zone_orch(st->slot, &seg->session->url);
    }

    if (row == NULL) {
        ngx_livepeer_zone_unlock();
    }

    return row;
}


static void
ngx_livepeer_row_fill(ngx_livepeer_orch_stat_t *row,
    ngx_livepeer_session_t *s, ngx_uint_t suspended)
{
    row->in_flight = s->in_flight;
    row->suspended = suspended;
    row->listed = s->peer->listed;

    if (s->peer->known) {
        row->address = s->peer->address;
        row->price = s->account.price;
        row->face_value = s->account.params.face_value;
        row->win_prob = s->account.params.win_prob;
        row->balance = s->account.balance.credit;
    }
}


static void
ngx_livepeer_row_count(ngx_livepeer_orch_stat_t *row,
    ngx_livepeer_seg_t *seg, const char *why)
{
    ngx_msec_t  rtt;

    if (why) {
        row->failures++;
        ngx_cpystrn((u_char *) row->last_error, (u_char *) why,
                    sizeof(row->last_error));

    } else if (seg) {
        rtt = seg->fetched - seg->begun;
        row->segments++;
        row->rtt_ms = rtt;
        row->realtime_milli = rtt * 1000 / ngx_max(seg->duration_ms, 1);
    }
}


void
ngx_livepeer_row_show(ngx_livepeer_session_t *s, ngx_livepeer_seg_t *seg,
    const char *why)
{
    ngx_uint_t                 any, suspended;
    ngx_livepeer_slot_t       *slot = s->stream->slot;
    ngx_livepeer_orch_stat_t  *row;

    /* both take the zone's lock themselves: it is not taken twice */

    any = ngx_livepeer_session_any(s->stream);
    suspended = ngx_livepeer_peer_suspended(s->peer) > 0;

    ngx_livepeer_zone_lock();

    if (!ngx_livepeer_zone_owns(slot, s->stream->generation)) {
        ngx_livepeer_zone_unlock();
        return;
    }

    row = ngx_livepeer_zone_orch(slot, &s->url);

    if (row) {
        ngx_livepeer_row_fill(row, s, suspended);
        ngx_livepeer_row_count(row, seg, why);
    }

    if (any) {
        slot->advice &= ~NGX_LIVEPEER_ADVICE_NO_ORCH;

    } else if (s->call == NULL) {
        slot->advice |= NGX_LIVEPEER_ADVICE_NO_ORCH;
    }

    ngx_livepeer_zone_unlock();
}
