/*
 * What the host's GPUs can really do, asked of the driver itself: an encoder
 * that FFmpeg finds by name proves nothing. Door: CUDA driver API, loaded at
 * run time. Source: platform.md 9.
 */
#ifndef TC_GPU_H
#define TC_GPU_H


#include <stddef.h>

#include "common/util/status.h"


/*
 * First step of the choice: are the driver's libraries there, and a device
 * of that index. LP_OK with its name in text, else LP_UNSUPPORTED with the
 * reason there.
 */
lp_status_t tc_gpu_probe(unsigned index, char *text, size_t size);


#endif /* TC_GPU_H */
