/*
 * What the operator wants: how the values of the table are written, and who
 * reads them.
 */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util/money.h"
#include "orchestrator/conf_table.h"


#define ORCH_CONF_ARENA  (256 * 1024)


static const char  orch_conf_usage[] =
    "Usage: orchestrator [--option value] ...\n"
    "Takes segments of live video from Livepeer broadcasters and "
    "returns renditions.\n"
    "\nEach option may also be a variable of the environment, "
    "--max-sessions as\nLIVEPEER_MAX_SESSIONS, or a line "
    "\"max-sessions 4\" of the file of --config.\nThe command line "
    "is stronger than the environment, both are stronger than\n"
    "the file.\n";


/* the factor of a suffix, 0: there is no such suffix */

static uint64_t
orch_conf_scale(unsigned type, const char *suffix)
{
    size_t  i;
    static const struct {
        unsigned     type;
        const char  *suffix;
        uint64_t     scale;
    } units[] = {
        { conf_number, "", 1 },
        { conf_bytes, "", 1 },
        { conf_bytes, "k", ORCH_CONF_K },
        { conf_bytes, "m", ORCH_CONF_M },
        { conf_bytes, "g", ORCH_CONF_G },
        { conf_time, "", 1000 },
        { conf_time, "ms", 1 },
        { conf_time, "s", 1000 },
        { conf_time, "m", 60000 },
        { conf_time, "h", ORCH_CONF_HOUR }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].type == type && strcmp(units[i].suffix, suffix) == 0) {
            return units[i].scale;
        }
    }

    return 0;
}


static void
orch_conf_range(char remedy[LP_OPTIONS_REMEDY], const lp_options_row_t *row)
{
    static const char *const  how[] = {
        [conf_number] = "give a number",
        [conf_bytes] = "give bytes, as 64k, 32m or 1g,",
        [conf_time] = "give a time, as 500ms, 10s or 30m,"
    };

    if (row->type == conf_time) {
        snprintf(remedy, LP_OPTIONS_REMEDY, "%s from %llums to %llus",
                 how[row->type], (unsigned long long) row->min,
                 (unsigned long long) row->max / 1000);
        return;
    }

    snprintf(remedy, LP_OPTIONS_REMEDY, "%s from %llu to %llu", how[row->type],
             (unsigned long long) row->min, (unsigned long long) row->max);
}


/* a number and its suffix, within the range of its row */

static int
orch_conf_amount(void *field, const lp_options_row_t *row, const char *value,
    char remedy[LP_OPTIONS_REMEDY])
{
    char                *end;
    uint64_t             scale, *out = field;
    unsigned long long   n;

    errno = 0;
    n = strtoull(value, &end, 10);
    scale = orch_conf_scale(row->type, end);

    if (*value < '0' || *value > '9' || errno || scale == 0
        || n > UINT64_MAX / scale
        || n * scale < row->min || n * scale > row->max)
    {
        orch_conf_range(remedy, row);
        return -1;
    }

    *out = n * scale;

    return 0;
}


/* digits alone are wei, the smallest there is */

static int
orch_conf_wei(void *field, const lp_options_row_t *row, const char *value,
    char remedy[LP_OPTIONS_REMEDY])
{
    (void) row;

    if (lp_u256_get_dec(field, value, strlen(value)) == LP_OK
        || lp_money_parse_wei(field, value, strlen(value)) == LP_OK)
    {
        return 0;
    }

    snprintf(remedy, LP_OPTIONS_REMEDY,
             "give an amount, as 0.01ETH, 5gwei or 8000000000");

    return -1;
}


int
orch_conf_complain(const orch_conf_t *conf, const char *name,
    const char *remedy)
{
    return lp_options_complain(&conf->options, name, remedy);
}


lp_options_e
orch_conf_read(orch_conf_t *conf, int argc, char **argv, char **env)
{
    static const lp_options_parse_pt  types[] = {
        [conf_number] = orch_conf_amount,
        [conf_bytes] = orch_conf_amount,
        [conf_time] = orch_conf_amount,
        [conf_wei] = orch_conf_wei
    };

    memset(conf, 0, sizeof(*conf));
    lp_arena_init(&conf->arena, ORCH_CONF_ARENA);

    conf->options = (lp_options_t) {
        .program = "orchestrator",
        .version = LP_VERSION,
        .usage = orch_conf_usage,
        .column = 34,
        .rows = orch_conf_options,
        .nrows = orch_conf_noptions,
        .types = types,
        .conf = conf,
        .arena = &conf->arena,
        .said = conf->said,
        .out = stdout,
        .err = stderr
    };

    return argc < 1 ? LP_OPTIONS_BAD
                    : lp_options_read(&conf->options, argv, env);
}


void
orch_conf_done(orch_conf_t *conf)
{
    lp_arena_done(&conf->arena);
}
