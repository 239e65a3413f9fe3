/* The files of www/, inside the .so: made by ngx_livepeer_module/build. */
#ifndef NGX_LIVEPEER_WWW_H
#define NGX_LIVEPEER_WWW_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t      name;                  /* "index.html"; an empty one ends */
    const u_char  *data, *end;
    const u_char  *gzip, *gzip_end;       /* the same, compressed */
} ngx_livepeer_www_t;


extern const ngx_livepeer_www_t  ngx_livepeer_www[];


#endif /* NGX_LIVEPEER_WWW_H */
