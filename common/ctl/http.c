/* One request at a time with libcurl. */

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ctl/http.h"


#define CTL_HTTP_CONNECT_S  5L
#define CTL_HTTP_TOTAL_S    20L


struct ctl_http_s {
    CURL               *curl;
    struct curl_slist  *headers;
};


ctl_http_t *
ctl_http_create(void)
{
    ctl_http_t  *h;

    h = calloc(1, sizeof(ctl_http_t));
    if (h == NULL) {
        return NULL;
    }

    h->curl = curl_easy_init();
    h->headers = curl_slist_append(NULL, "Content-Type: application/json");

    if (h->curl == NULL || h->headers == NULL) {
        ctl_http_destroy(&h);
    }

    return h;
}


void
ctl_http_destroy(ctl_http_t **h)
{
    if (*h) {
        curl_slist_free_all((*h)->headers);
        curl_easy_cleanup((*h)->curl);
        free(*h);
        *h = NULL;
    }
}


/* fewer bytes taken than given: libcurl ends the transfer */

static size_t
ctl_http_take(char *data, size_t size, size_t n, void *ctx)
{
    lp_buf_t  *reply = ctx;

    lp_buf_put(reply, data, size * n);

    return lp_buf_status(reply) == LP_OK ? size * n : 0;
}


static void
ctl_http_set(ctl_http_t *h, lp_buf_t *reply, const char *url,
    const lp_buf_t *body)
{
    curl_easy_reset(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT, CTL_HTTP_CONNECT_S);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, CTL_HTTP_TOTAL_S);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, ctl_http_take);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, reply);

    if (body) {
        curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body->data);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t) body->len);
    }
}


lp_status_t
ctl_http_ask(ctl_http_t *h, lp_buf_t *reply, const char *url,
    const lp_buf_t *body, char *why, size_t why_len)
{
    long      status = 0;
    CURLcode  code;

    ctl_http_set(h, reply, url, body);

    code = curl_easy_perform(h->curl);
    if (code != CURLE_OK) {
        snprintf(why, why_len, "it does not answer: %s",
                 curl_easy_strerror(code));
        return LP_TIMEOUT;
    }

    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        snprintf(why, why_len, "it answers with HTTP status %ld", status);
        return LP_GONE;
    }

    return LP_OK;
}


const char *
ctl_http_name(char *out, size_t size, const char *url)
{
    size_t       len;
    const char  *host, *at;

    host = strstr(url, "://");
    host = host ? host + 3 : url;
    len = strcspn(host, "/?#");

    /* a name and a password before the host are nobody else's either */

    at = memchr(host, '@', len);
    if (at) {
        len -= (size_t) (at + 1 - host);
        host = at + 1;
    }

    snprintf(out, size, "%.*s", (int) len, host);

    return out;
}
