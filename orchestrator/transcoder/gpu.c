/*
 * Nothing here is linked: a host without a driver has no libcuda, and that
 * is an answer, not an error. The steps that need FFmpeg come after this one
 * (tc_decode_device_open, tc_encode_probe).
 */
#include "orchestrator/transcoder/gpu.h"

#include <dlfcn.h>
#include <stdio.h>


/* of the driver API, which keeps these for good */
typedef int (*tc_gpu_init_pt)(unsigned flags);
typedef int (*tc_gpu_count_pt)(int *count);
typedef int (*tc_gpu_get_pt)(int *device, int ordinal);
typedef int (*tc_gpu_name_pt)(char *name, int len, int device);


static lp_status_t tc_gpu_ask(void *lib, unsigned index, char *text,
    size_t size);


lp_status_t
tc_gpu_probe(unsigned index, char *text, size_t size)
{
    void         *cuda, *nvenc;
    lp_status_t   rc;

    cuda = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);

    if (cuda == NULL) {
        snprintf(text, size, "libcuda.so.1 is not there: no NVIDIA driver");
        return LP_UNSUPPORTED;
    }

    nvenc = dlopen("libnvidia-encode.so.1", RTLD_NOW | RTLD_LOCAL);

    if (nvenc == NULL) {
        snprintf(text, size, "libnvidia-encode.so.1 is not there: the driver "
                 "came without video");
        dlclose(cuda);
        return LP_UNSUPPORTED;
    }

    rc = tc_gpu_ask(cuda, index, text, size);

    dlclose(nvenc);
    dlclose(cuda);

    return rc;
}


static lp_status_t
tc_gpu_ask(void *lib, unsigned index, char *text, size_t size)
{
    int              rc, count, device;
    tc_gpu_get_pt    get;
    tc_gpu_init_pt   init;
    tc_gpu_name_pt   name;
    tc_gpu_count_pt  number;

    init = (tc_gpu_init_pt) dlsym(lib, "cuInit");
    number = (tc_gpu_count_pt) dlsym(lib, "cuDeviceGetCount");
    get = (tc_gpu_get_pt) dlsym(lib, "cuDeviceGet");
    name = (tc_gpu_name_pt) dlsym(lib, "cuDeviceGetName");

    if (!init || !number || !get || !name) {
        snprintf(text, size, "libcuda.so.1 is not a CUDA driver");
        return LP_UNSUPPORTED;
    }

    rc = init(0);

    if (rc != 0) {
        snprintf(text, size, "cuInit failed with %d", rc);
        return LP_UNSUPPORTED;
    }

    rc = number(&count);

    if (rc != 0 || count < 0 || index >= (unsigned) count) {
        snprintf(text, size, "there is no GPU %u: the driver has %d", index,
                 rc == 0 ? count : 0);
        return LP_UNSUPPORTED;
    }

    if (get(&device, (int) index) != 0
        || name(text, (int) size, device) != 0)
    {
        snprintf(text, size, "GPU %u does not answer", index);
        return LP_UNSUPPORTED;
    }

    return LP_OK;
}
