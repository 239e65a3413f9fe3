/*
 * The table of options: what conf reads by, what --help prints. A row is an
 * option; nothing else names one twice.
 */
#ifndef ORCH_CONF_TABLE_H
#define ORCH_CONF_TABLE_H


#include <stddef.h>

#include "orchestrator/conf.h"


#define ORCH_CONF_K      1024ULL
#define ORCH_CONF_M      (1024ULL * 1024)
#define ORCH_CONF_G      (1024ULL * 1024 * 1024)

#define ORCH_CONF_HOUR   3600000ULL


typedef enum {
    conf_text = LP_OPTIONS_TEXT,
    conf_number,
    conf_bytes,                                      /* 32m, 1g */
    conf_time,                                       /* 500ms, 10s, 30m, 1h */
    conf_wei                                         /* 0.01ETH, 5gwei, 800 */
} orch_conf_type_e;


extern const lp_options_row_t  orch_conf_options[];
extern const size_t            orch_conf_noptions;


#endif /* ORCH_CONF_TABLE_H */
