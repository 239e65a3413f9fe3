/*
 * A key file from anybody (T-39): its numbers stay within what the header
 * says, and no file costs more than that. A derivation is done where it is
 * cheap; whatever comes out, a failure leaves no key.
 */

#include <stdlib.h>
#include <string.h>

/* one with names of its own: what it reads, before any derivation, is static */

#define lp_keystore_open     fuzz_keystore_open
#define lp_keystore_address  fuzz_keystore_address
#define lp_keystore_seal     fuzz_keystore_seal

#include "common/crypto/keystore.c"


#define CHEAP  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int cond)
{
    if (!cond) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_secret_t          secret;
    lp_status_t          s;
    lp_address_t         a;
    lp_keystore_file_t   f;
    const char          *json = (const char *) data;
    static const lp_secret_t  none;

    lp_keystore_address(&a, json, size);

    s = lp_keystore_read(&f, json, size);

    if (s == LP_OK) {
        check(f.salt_len > 0 && f.salt_len <= sizeof(f.salt));
        check(f.rounds ? f.rounds <= 10000000
                       : f.n >= 2 && f.n <= 1 << 20 && f.r >= 1 && f.r <= 8
                         && f.p >= 1 && f.p <= 16);

        if (f.rounds > CHEAP || f.n * f.r * f.p > CHEAP) {
            return 0;
        }
    }

    memset(&secret, 0x5a, sizeof(secret));
    s = lp_keystore_open(&secret, json, size, "", 0);
    check(s == LP_OK || memcmp(&secret, &none, sizeof(secret)) == 0);

    return 0;
}
