/*
 * Orchestrators have certificates of their own making: nobody vouches for
 * them, and trust comes from signatures. What can be seen is a key that is
 * another one than before. A node of the chain is like any server of the
 * web: its certificate must be good.
 */
#include <openssl/ssl.h>

#include "ngx_livepeer_module/ngx_livepeer_curl_tls.h"


ngx_int_t
ngx_livepeer_curl_tls_init(void)
{
    const char  *name = curl_version_info(CURLVERSION_NOW)->ssl_version;

    return name && ngx_strncmp(name, "OpenSSL", 7) == 0 ? NGX_OK
                                                        : NGX_DECLINED;
}


/* in the middle of a handshake; libcurl is not called from here */

static int
ngx_livepeer_curl_tls_on_chain(X509_STORE_CTX *store, void *data)
{
    int                         len;
    u_char                     *der = NULL;
    lp_hash_t                   key;
    ngx_livepeer_key_watch_t   *watch = data;

    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(X509_STORE_CTX_get0_cert(store)),
                          &der);

    if (len > 0) {
        lp_keccak256(&key, der, (size_t) len);
        OPENSSL_free(der);
        watch->on_key(watch->data, &key);
    }

    X509_STORE_CTX_set_error(store, X509_V_OK);

    return 1;
}


static CURLcode
ngx_livepeer_curl_tls_on_context(CURL *easy, void *context, void *data)
{
    SSL_CTX_set_cert_verify_callback(context, ngx_livepeer_curl_tls_on_chain,
                                     data);

    /* one handshake for each connection, and one look at the key */

    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);

    return CURLE_OK;
}


void
ngx_livepeer_curl_tls_set(CURL *easy, const ngx_livepeer_call_conf_t *conf)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);

    if (conf->verify) {
        return;
    }

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);

    if (conf->watch) {
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION,
                         ngx_livepeer_curl_tls_on_context);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, conf->watch);
    }
}


const char *
ngx_livepeer_curl_tls_sentence(CURLcode code)
{
    switch (code) {

    case CURLE_PEER_FAILED_VERIFICATION:
        return "has a certificate that nobody vouches for";

    case CURLE_SSL_CACERT_BADFILE:
        return "was not trusted: ca-certificates are missing here";

    default:
        return "failed the TLS handshake";
    }
}
