/* Texts of the outcomes, from the one list in the header. */

#include "common/util/status.h"


#define LP_STATUS_TEXT(name, label, text)   text,
#define LP_STATUS_LABEL(name, label, text)  label,

static const char *const  lp_status_texts[] = {
    LP_STATUS_MAP(LP_STATUS_TEXT)
};

static const char *const  lp_status_labels[] = {
    LP_STATUS_MAP(LP_STATUS_LABEL)
};


const char *
lp_status_text(lp_status_t s)
{
    return (unsigned) s < LP_NSTATUS ? lp_status_texts[s] : "unknown";
}


const char *
lp_status_label(lp_status_t s)
{
    return (unsigned) s < LP_NSTATUS ? lp_status_labels[s] : "unknown";
}
