/*
 * Each allocation failed in turn: nomem_in(n) makes the nth call of realloc
 * from now on fail, once. Under ASan, which has its own, nothing fails.
 */
#ifndef LP_T_UNIT_NOMEM_H
#define LP_T_UNIT_NOMEM_H


#include <stddef.h>


static int  nomem_left = -1;


#ifndef __SANITIZE_ADDRESS__

void *__libc_realloc(void *p, size_t size);
void *realloc(void *p, size_t size);


void *
realloc(void *p, size_t size)
{
    if (nomem_left >= 0 && nomem_left-- == 0) {
        return NULL;
    }

    return __libc_realloc(p, size);
}

#endif


static inline void
nomem_in(int n)
{
    nomem_left = n;
}


/* whether the failure has come to pass */

static inline int
nomem_came(void)
{
    int  came = nomem_left == -1;

    nomem_left = -1;

    return came;
}


#endif /* LP_T_UNIT_NOMEM_H */
