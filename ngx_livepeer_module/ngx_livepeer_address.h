/*
 * Which addresses a stranger's URL may lead to (T-44).
 */
#ifndef NGX_LIVEPEER_ADDRESS_H
#define NGX_LIVEPEER_ADDRESS_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * 1: an address of the public Internet. 0: loopback, private, link-local,
 * shared (CGNAT), multicast, reserved, documentation, this network, and every
 * IPv6 form that carries such an IPv4 address, or is not global unicast.
 */
ngx_uint_t ngx_livepeer_address_is_public(struct sockaddr *sa);


#endif /* NGX_LIVEPEER_ADDRESS_H */
