/*
 * The threads of one segment: the decoder's, which is the caller's, and
 * workers that each have some of the rungs and a short queue of pictures.
 */
#ifndef TC_CREW_H
#define TC_CREW_H


#include <pthread.h>

#include "orchestrator/transcoder/rung.h"


#define TC_CREW_QUEUE  8                   /* pictures that wait */


typedef struct {
    struct AVFrame  *frame;
    int64_t          pts_90k;
} tc_crew_item_t;

typedef struct {
    pthread_t        thread;
    pthread_mutex_t  mutex;
    pthread_cond_t   cond;
    tc_crew_item_t   queue[TC_CREW_QUEUE];
    uint32_t         head;
    uint32_t         count;
    uint8_t          closed;
    uint8_t          running;              /* else the caller does the work */
    tc_watch_t      *watch;
    tc_rung_t       *rungs[LP_PROFILE_MAX];
    uint32_t         nrungs;
} tc_crew_worker_t;

typedef struct {
    tc_crew_worker_t  workers[LP_PROFILE_MAX];
    uint32_t          nworkers;
} tc_crew_t;


/* rungs are planned; threads 1: all work is done by the calling thread */
void tc_crew_start(tc_crew_t *c, tc_rung_t *rungs, uint32_t nrungs,
    uint32_t threads, tc_watch_t *watch);

/* one picture for every rung; waits while a queue is full */
lp_status_t tc_crew_put(tc_crew_t *c, struct AVFrame *frame,
    int64_t pts_90k);

/*
 * No more pictures: returns when every worker is done. Failures stand in the
 * watch; after one, what waits is dropped. Called exactly once.
 */
void tc_crew_finish(tc_crew_t *c);


#endif /* TC_CREW_H */
