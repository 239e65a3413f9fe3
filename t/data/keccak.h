/*
 * Keccak-256 of messages of chosen lengths, byte i being (7 * i + length)
 * mod 256; written by js-sha3 0.8.0 under node v20.20.2.
 */
#ifndef T_DATA_KECCAK_H
#define T_DATA_KECCAK_H


#include <stddef.h>


static const struct {
    size_t       len;
    const char  *hash;
} keccak_vectors[] = {
    { 0,
      "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" },
    { 1,
      "5fe7f977e71dba2ea1a68e21057beebb9be2ac30c6410aa38d4f3fbe41dcffd2" },
    { 7,
      "1ceda151e21262ae35aed0f8e3ad898e7ccd45ff03d25508e25e5701bc31c989" },
    { 8,
      "66d6ac686bbe637cb6cf3e4deb8a1bb6aec0163cbbbd2c22747069455e660457" },
    { 9,
      "c53f0080e65849581b3d6565207057d911e42e70134a6aefa8270a86ba8f0a38" },
    { 31,
      "f2edf8e57f5f8acb78dac9a80285ed8d829840361fdc4d99698e7ab6685d82ea" },
    { 32,
      "75ddc22689ac5cfab91ff4f11af7f47658c89f63dcb005c00824017d8081c7e8" },
    { 64,
      "d432c602ee561dfffe10aa1a7df28751b7990fcb5ba7a66055452fd680beb44c" },
    { 127,
      "360624fdc6aaf93c47d59120537140e83f396adf69a00f1f5a2d0be944be6ad0" },
    { 128,
      "341903dfc532312b44e06a38076b6339ff973201b69d4ba6bbde1158906e8413" },
    { 134,
      "8884d266ac61dea6a59234e679bb56fd1bf116a05634f2e8de1b7224302bc122" },
    { 135,
      "8ab570337c9a3a773c3605160ca58e3f0546d92d217c908669cc4f35a31933bc" },
    { 136,
      "16b30a6be318a7acbcba7a2194789f628abf68dfbbf55a4d840f22f6a4d29efd" },
    { 137,
      "6a7e8293441d51be41bf4994995b35981f90c07866c7fd0465f405e2b7a8f8dd" },
    { 143,
      "44155d1cbe1b42fdc2d7da57823137461f4589a7e86cfe5e429c55cb55a258ae" },
    { 144,
      "fe052a68a78768cd738644a394394460e6bc3dfa6fbf82581c63531d1bcda736" },
    { 271,
      "bb02bca6be57f42d131406260c6f1a81fd9922af8bd1c96d78f454b19ae10add" },
    { 272,
      "443464c0c3ac8036d14a6f8647fc93b592d514adefbe88683cbbda3b4b2c4553" },
    { 273,
      "73d5960773e36742ead7c872d84d535f35e75b9517ccb1023491276013f88890" },
    { 407,
      "8d761ff83dde45e5088e430b4f011a7453de7a7b38036650ea43cf3620d9b294" },
    { 408,
      "199ffed10ac2e6d847e422e9f64113fd5384a21320d7c6be84f82defd3863007" },
    { 409,
      "75f85e42c02aa11926f03992928953060a37a8c5fc0f0370ab0dc8047752703b" },
    { 1000,
      "5cab097db1a529f5b1a15428cc494df950671bc3824340aad89941fa68e151bc" },
    { 1088,
      "5876f6178197fdbd73b23fba2271f59f2beb7d3eb3166bedc53619af41e9978a" },
    { 4096,
      "6e8e59a43f8d57c8c233464330056609579a3cfeb41fc1b5d83e58ad787c8246" },
    { 16384,
      "7610ac726912c9c89ae80e495734b087186398789cabd7a1d431f7d72f9890a8" },
    { 65537,
      "dd0e1f011fed938afedea81c3bbbfda6c029f1e31656ffc8359ceaff973bf699" },
    { 100000,
      "bbf22db1d505833f729b37526468c3713691dad1dec026f8593fa456d8cdc49d" }
};

/* of the hashes of the messages of 0 to 999 bytes, one after the other */

static const char  keccak_of_all[] =
    "3e5c1b5e71c17af0567989a784cc9a1c299e7e77f014791b5b698aa04adbbd72";


#endif /* T_DATA_KECCAK_H */
