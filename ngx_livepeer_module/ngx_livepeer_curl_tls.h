/*
 * Whom a TLS connection trusts, and which key it met (door: OpenSSL, under
 * libcurl). Source: threats.md T-37; RFC 7469 2.4 for what a key's hash is of.
 */
#ifndef NGX_LIVEPEER_CURL_TLS_H
#define NGX_LIVEPEER_CURL_TLS_H


#include <curl/curl.h>

#include "ngx_livepeer_module/ngx_livepeer_curl.h"


/* NGX_DECLINED: libcurl uses another TLS library, and keys would go unseen */
ngx_int_t ngx_livepeer_curl_tls_init(void);

/* the options of easy that TLS needs, by conf->verify and conf->watch */
void ngx_livepeer_curl_tls_set(CURL *easy,
    const ngx_livepeer_call_conf_t *conf);

/* what a peer whose handshake ended with code has done */
const char *ngx_livepeer_curl_tls_sentence(CURLcode code);


#endif /* NGX_LIVEPEER_CURL_TLS_H */
