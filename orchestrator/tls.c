/* TLS on a non-blocking socket; see tls.h for what the certificate is. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "orchestrator/tls.h"


/* what is read from the socket at once: two records and their headers */
#define ORCH_TLS_READ_AHEAD   (2 * (ORCH_TLS_RECORD + 512))

/* clocks of peers are wrong by days; wire.md 1.1 says 8765 hours */
#define ORCH_TLS_VALID_FROM   (-48 * 3600L)
#define ORCH_TLS_VALID_TO     (8765 * 3600L)


struct orch_tls_s {
    SSL_CTX  *ctx;
};


static const unsigned char  orch_tls_protocols[] = "\x02h2\x08http/1.1";


static SSL *
orch_tls_ssl(const orch_tls_conn_t *c)
{
    return (SSL *) (uintptr_t) c;
}


/*
 * Our order and not the client's: Go's gateway offers h2 and http/1.1 on a
 * gRPC connection too. No overlap: go on without ALPN, as HTTP/1.1.
 */
static int
orch_tls_select(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *arg)
{
    unsigned char  *chosen;

    (void) ssl;
    (void) arg;

    if (SSL_select_next_proto(&chosen, outlen, orch_tls_protocols,
                              sizeof(orch_tls_protocols) - 1, in, inlen)
        != OPENSSL_NPN_NEGOTIATED)
    {
        return SSL_TLSEXT_ERR_NOACK;
    }

    *out = chosen;

    return SSL_TLSEXT_ERR_OK;
}


static int
orch_tls_add_extension(X509 *cert, int nid, const char *value)
{
    int              rc;
    X509V3_CTX       ctx;
    X509_EXTENSION  *ext;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);

    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (ext == NULL) {
        return -1;
    }

    rc = X509_add_ext(cert, ext, -1) == 1 ? 0 : -1;
    X509_EXTENSION_free(ext);

    return rc;
}


/* the name goes in as bytes: no configuration syntax inside it is read */
static int
orch_tls_add_name(GENERAL_NAMES *names, int type, const void *data, size_t len)
{
    GENERAL_NAME       *name;
    ASN1_OCTET_STRING  *text;

    name = GENERAL_NAME_new();
    text = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();

    if (name == NULL || text == NULL
        || ASN1_STRING_set(text, data, (int) len) != 1)
    {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(text);
        return -1;
    }

    GENERAL_NAME_set0_value(name, type, text);

    if (sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
        return -1;
    }

    return 0;
}


static int
orch_tls_add_names(X509 *cert, const char *host)
{
    int             rc;
    unsigned char   ip[16];
    GENERAL_NAMES  *names;

    names = GENERAL_NAMES_new();
    if (names == NULL) {
        return -1;
    }

    rc = orch_tls_add_name(names, GEN_DNS, host, strlen(host));

    if (rc == 0 && inet_pton(AF_INET, host, ip) == 1) {
        rc = orch_tls_add_name(names, GEN_IPADD, ip, 4);

    } else if (rc == 0 && inet_pton(AF_INET6, host, ip) == 1) {
        rc = orch_tls_add_name(names, GEN_IPADD, ip, 16);
    }

    if (rc == 0
        && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) != 1)
    {
        rc = -1;
    }

    GENERAL_NAMES_free(names);

    return rc;
}


static int
orch_tls_fill_certificate(X509 *cert, EVP_PKEY *key, const char *host)
{
    BIGNUM     *serial;
    X509_NAME  *name;

    serial = BN_new();
    if (serial == NULL) {
        return -1;
    }

    if (BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1
        || BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) == NULL)
    {
        BN_free(serial);
        return -1;
    }

    BN_free(serial);

    name = X509_get_subject_name(cert);

    if (X509_set_version(cert, X509_VERSION_3) != 1
        || X509_gmtime_adj(X509_getm_notBefore(cert), ORCH_TLS_VALID_FROM)
           == NULL
        || X509_gmtime_adj(X509_getm_notAfter(cert), ORCH_TLS_VALID_TO)
           == NULL
        || X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                      (const unsigned char *) "Livepeer",
                                      -1, -1, 0) != 1
        || X509_set_issuer_name(cert, name) != 1
        || X509_set_pubkey(cert, key) != 1)
    {
        return -1;
    }

    if (orch_tls_add_names(cert, host) != 0
        || orch_tls_add_extension(cert, NID_basic_constraints,
                                  "critical,CA:TRUE") != 0
        || orch_tls_add_extension(cert, NID_key_usage,
                                  "critical,digitalSignature,keyCertSign") != 0
        || orch_tls_add_extension(cert, NID_ext_key_usage, "serverAuth") != 0)
    {
        return -1;
    }

    return X509_sign(cert, key, EVP_sha256()) > 0 ? 0 : -1;
}


static int
orch_tls_make_certificate(SSL_CTX *ctx, const char *host)
{
    int        rc = -1;
    X509      *cert;
    EVP_PKEY  *key;

    cert = X509_new();
    key = EVP_EC_gen("P-256");

    if (cert && key
        && orch_tls_fill_certificate(cert, key, host) == 0
        && SSL_CTX_use_certificate(ctx, cert) == 1
        && SSL_CTX_use_PrivateKey(ctx, key) == 1)
    {
        rc = 0;
    }

    X509_free(cert);
    EVP_PKEY_free(key);

    return rc;
}


static int
orch_tls_configure(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION|SSL_OP_NO_COMPRESSION
                             |SSL_OP_NO_TICKET|SSL_OP_CIPHER_SERVER_PREFERENCE
                             |SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_max_early_data(ctx, 0);

    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                          |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                          |SSL_MODE_RELEASE_BUFFERS);

    /* one read of the socket for several records */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, ORCH_TLS_READ_AHEAD);

    SSL_CTX_set_alpn_select_cb(ctx, orch_tls_select, NULL);

    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1
        || SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:"
                                         "TLS_AES_256_GCM_SHA384:"
                                         "TLS_CHACHA20_POLY1305_SHA256") != 1
        || SSL_CTX_set_cipher_list(ctx, "ECDHE+AES128+AESGCM:ECDHE+AESGCM:"
                                        "ECDHE+CHACHA20") != 1
        || SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
    {
        return -1;
    }

    return 0;
}


static int
orch_tls_load(SSL_CTX *ctx, const char *cert_file, const char *key_file,
    const char *name, const char **why)
{
    if (orch_tls_configure(ctx) != 0) {
        *why = "TLS: this OpenSSL lacks TLS 1.2 with AES-GCM";
        return -1;
    }

    if (cert_file == NULL && key_file == NULL) {
        if (orch_tls_make_certificate(ctx, name ? name : "localhost") != 0) {
            *why = "TLS: a certificate could not be made";
            return -1;
        }

        return 0;
    }

    if (cert_file == NULL || key_file == NULL) {
        *why = "TLS: a certificate and its key are given together";
        return -1;
    }

    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1) {
        *why = "TLS: the certificate file cannot be read as PEM";
        return -1;
    }

    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ctx) != 1)
    {
        *why = "TLS: the key file cannot be read or is not the certificate's";
        return -1;
    }

    return 0;
}


orch_tls_t *
orch_tls_create(const char *cert_file, const char *key_file,
    const char *name, const char **why)
{
    orch_tls_t  *tls;

    *why = "TLS: out of memory";

    tls = calloc(1, sizeof(orch_tls_t));
    if (tls == NULL) {
        return NULL;
    }

    tls->ctx = SSL_CTX_new(TLS_server_method());

    if (tls->ctx == NULL
        || orch_tls_load(tls->ctx, cert_file, key_file, name, why) != 0)
    {
        ERR_clear_error();
        orch_tls_destroy(&tls);
        return NULL;
    }

    *why = NULL;

    return tls;
}


void
orch_tls_destroy(orch_tls_t **tls)
{
    if (*tls == NULL) {
        return;
    }

    SSL_CTX_free((*tls)->ctx);
    free(*tls);
    *tls = NULL;
}


lp_status_t
orch_tls_certificate(const orch_tls_t *tls, lp_buf_t *out)
{
    BIO   *bio;
    long   len;
    char  *data;

    bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return LP_NOMEM;
    }

    if (PEM_write_bio_X509(bio, SSL_CTX_get0_certificate(tls->ctx)) != 1) {
        BIO_free(bio);
        return LP_INTERNAL;
    }

    len = BIO_get_mem_data(bio, &data);
    lp_buf_put(out, data, (size_t) len);
    BIO_free(bio);

    return lp_buf_status(out);
}


orch_tls_conn_t *
orch_tls_accept(orch_tls_t *tls, int fd)
{
    SSL  *ssl;

    ssl = SSL_new(tls->ctx);
    if (ssl == NULL) {
        return NULL;
    }

    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }

    SSL_set_accept_state(ssl);

    return (orch_tls_conn_t *) ssl;
}


void
orch_tls_close(orch_tls_conn_t **c)
{
    if (*c == NULL) {
        return;
    }

    SSL_free(orch_tls_ssl(*c));
    *c = NULL;
}


static orch_tls_rc_e
orch_tls_rc(SSL *ssl, int ret)
{
    switch (SSL_get_error(ssl, ret)) {

    case SSL_ERROR_NONE:
        return ORCH_TLS_OK;

    case SSL_ERROR_WANT_READ:
        return ORCH_TLS_WANT_READ;

    case SSL_ERROR_WANT_WRITE:
        return ORCH_TLS_WANT_WRITE;

    case SSL_ERROR_ZERO_RETURN:
        return ORCH_TLS_EOF;

    default:
        ERR_clear_error();
        return ORCH_TLS_ERROR;
    }
}


orch_tls_rc_e
orch_tls_handshake(orch_tls_conn_t *c)
{
    SSL  *ssl = orch_tls_ssl(c);

    ERR_clear_error();

    return orch_tls_rc(ssl, SSL_do_handshake(ssl));
}


orch_tls_alpn_e
orch_tls_alpn(const orch_tls_conn_t *c)
{
    unsigned int          len;
    const unsigned char  *name;

    SSL_get0_alpn_selected(orch_tls_ssl(c), &name, &len);

    if (len == 0) {
        return ORCH_TLS_ALPN_NONE;
    }

    return len == 2 ? ORCH_TLS_ALPN_H2 : ORCH_TLS_ALPN_HTTP1;
}


orch_tls_rc_e
orch_tls_read(orch_tls_conn_t *c, void *data, size_t len, size_t *n)
{
    SSL  *ssl = orch_tls_ssl(c);

    *n = 0;
    ERR_clear_error();

    return orch_tls_rc(ssl, SSL_read_ex(ssl, data, len, n));
}


orch_tls_rc_e
orch_tls_write(orch_tls_conn_t *c, const void *data, size_t len, size_t *n)
{
    SSL  *ssl = orch_tls_ssl(c);

    *n = 0;
    ERR_clear_error();

    return orch_tls_rc(ssl, SSL_write_ex(ssl, data, len, n));
}


void
orch_tls_shutdown(orch_tls_conn_t *c)
{
    ERR_clear_error();
    SSL_shutdown(orch_tls_ssl(c));
    ERR_clear_error();
}
