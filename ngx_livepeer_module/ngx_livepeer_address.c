/*
 * Addresses judged by the tables of IANA's special-purpose registries.
 */
#include "ngx_livepeer_module/ngx_livepeer_address.h"


typedef struct {
    uint32_t  net;
    uint32_t  bits;
} ngx_livepeer_address_net_t;


static const ngx_livepeer_address_net_t  ngx_livepeer_address_special[] = {
    { 0x00000000, 8 },                       /* 0.0.0.0 this network */
    { 0x0a000000, 8 },                       /* 10.0.0.0 private */
    { 0x64400000, 10 },                      /* 100.64.0.0 shared */
    { 0x7f000000, 8 },                       /* 127.0.0.0 loopback */
    { 0xa9fe0000, 16 },                      /* 169.254.0.0 link-local */
    { 0xac100000, 12 },                      /* 172.16.0.0 private */
    { 0xc0000000, 24 },                      /* 192.0.0.0 protocols */
    { 0xc0000200, 24 },                      /* 192.0.2.0 documentation */
    { 0xc0586300, 24 },                      /* 192.88.99.0 6to4 relay */
    { 0xc0a80000, 16 },                      /* 192.168.0.0 private */
    { 0xc6120000, 15 },                      /* 198.18.0.0 benchmarks */
    { 0xc6336400, 24 },                      /* 198.51.100.0 documentation */
    { 0xcb007100, 24 },                      /* 203.0.113.0 documentation */
    { 0xe0000000, 3 }                        /* 224.0.0.0 multicast, and all
                                                that is reserved after it */
};


static ngx_uint_t
ngx_livepeer_address_is_public4(uint32_t ip)
{
    ngx_uint_t                         i, n;
    const ngx_livepeer_address_net_t  *net = ngx_livepeer_address_special;

    n = sizeof(ngx_livepeer_address_special)
        / sizeof(ngx_livepeer_address_special[0]);

    for (i = 0; i < n; i++) {
        if ((ip ^ net[i].net) >> (32 - net[i].bits) == 0) {
            return 0;
        }
    }

    return 1;
}


/* global unicast is 2000::/3; within it, tunnels carry an IPv4 address, and
   2001::/23 and 2001:db8::/32 are no hosts */

static ngx_uint_t
ngx_livepeer_address_is_public6(const u_char *ip)
{
    if ((ip[0] & 0xe0) != 0x20) {
        return 0;
    }

    if (ip[0] == 0x20 && ip[1] == 0x02) {
        return ngx_livepeer_address_is_public4((uint32_t) ip[2] << 24
                                               | ip[3] << 16 | ip[4] << 8
                                               | ip[5]);
    }

    if (ip[0] == 0x20 && ip[1] == 0x01) {
        return ip[2] > 0x01 && !(ip[2] == 0x0d && ip[3] == 0xb8);
    }

    return 1;
}


ngx_uint_t
ngx_livepeer_address_is_public(struct sockaddr *sa)
{
    switch (sa->sa_family) {

    case AF_INET:
        return ngx_livepeer_address_is_public4(
                   ntohl(((struct sockaddr_in *) sa)->sin_addr.s_addr));

#if (NGX_HAVE_INET6)
    case AF_INET6:
        return ngx_livepeer_address_is_public6(
                   ((struct sockaddr_in6 *) sa)->sin6_addr.s6_addr);
#endif

    default:
        return 0;
    }
}
