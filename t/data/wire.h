/*
 * Messages and what is signed in them, computed apart from this code with
 * the keys of t/data/keys.h (wire.md 11.3-11.7, 11.10, 11.11; the ids and the
 * first flattened segment are go-livepeer v0.9.1's own test data).
 */
#ifndef T_DATA_WIRE_H
#define T_DATA_WIRE_H


static const char  wire_request[] =
    "00000000590a14f39fd6e51aad88f6f4ce6ab8827279cfffb92266124147d660"
    "08c2c5b0671b8e7b43b62245ae9c4ba5f6ff7e94328b68eb45090cb1080815de"
    "c67a20bdec15ce794c9ce271fa8e6552d6b0976ab7a0b92d5516b32ef31c";

static const char  wire_token[] =
    "0996a45cde368008243c7f018a55ac677f070a86e397403b04766b1da5d39714";

static const char  wire_push_job[] = "0a0483a080202a00";


/* manifest movie, seq 7, bytes "foo", P240p30fps16x9 */

static const char  foo_hash[] =
    "41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d";
static const char  movie_m[] =
    "1b5a5da668f3e09eb1509b728eba94a53298195b6472ff8643c3cb2868df3171";
static const char  movie_sig[] =
    "c5546854bd89ff1511ad0e142932d8f1cd54ed602b773853670419db1bd4fa98"
    "22239fe7a2cbf440488abf77a2e42ea4ea2ad2e03d2ac488d2c04000081250a9"
    "1b";
static const char  movie_seg_data[] =
    "0a056d6f76696510071a2041b1a0649752af1b28b3dc29a1556eee781e4a4c3a"
    "1f7f53f90fa834de098c4d2207696e76616c69642a41c5546854bd89ff1511ad"
    "0e142932d8f1cd54ed602b773853670419db1bd4fa9822239fe7a2cbf440488a"
    "bf77a2e42ea4ea2ad2e03d2ac488d2c04000081250a91b30d00f3a060a028320"
    "2a0042320a200996a45cde368008243c7f018a55ac677f070a86e397403b0476"
    "6b1da5d39714120866313430356365641888f0cfaa068a022182010e50323430"
    "703330667073313678398801aa039001f0019801c0cf24a0011e";
static const char  movie_header[] =
    "CgVtb3ZpZRAHGiBBsaBkl1KvGyiz3CmhVW7ueB5KTDoff1P5D6g03gmMTSIHaW52"
    "YWxpZCpBxVRoVL2J/xURrQ4UKTLY8c1U7WArdzhTZwQZ2xvU+pgiI5/nosv0QEiK"
    "v3ei5C6k6irS4D0qxIjSwEAACBJQqRsw0A86BgoCgyAqAEIyCiAJlqRc3jaACCQ8"
    "fwGKVaxnfwcKhuOXQDsEdmsdpdOXFBIIZjE0MDVjZWQYiPDPqgaKAiGCAQ5QMjQw"
    "cDMwZnBzMTZ4OYgBqgOQAfABmAHAzySgAR4=";

/* manifest abcdef, seq 1234, hash "browns" and zeros, the two names below */

static const char  abcdef_m[] =
    "08a398e7e7a5a545b0b07d9e7e1eab52b4131e0df1621bd53ee6e7550a15465b";

/* the message of VideoProfile {name "a", gop -1} */

static const char  profile_a[] = "82010161c001ffffffffffffffffff01";


static const struct {
    const char  *name;
    const char  *id;
} wire_ids[] = {
    { "P720p60fps16x9", "a7ac137a" },
    { "P720p30fps16x9", "49d54ea9" },
    { "P720p25fps16x9", "e4a64019" },
    { "P720p30fps4x3", "79332fe7" },
    { "P576p30fps16x9", "5ecf4b52" },
    { "P576p25fps16x9", "8b1843d6" },
    { "P360p30fps16x9", "93c717e7" },
    { "P360p25fps16x9", "7cd40fc7" },
    { "P360p30fps4x3", "b60382a0" },
    { "P240p30fps16x9", "c0a6517a" },
    { "P240p25fps16x9", "1301a7d0" },
    { "P240p30fps4x3", "d435c53a" },
    { "P144p30fps16x9", "fca40bf9" },
    { "P144p25fps16x9", "03f01d1f" }
};


/* tickets of the first family of wire.md 11.10 */

static const char  pay_face_value[] = "2aa1efb94e0000";
static const char  pay_win_prob[] =
    "0b2f4fc0794908cf232ff78625902416a7530755a66c5788c4a773d4b000";
static const char  pay_rand_hash[] =
    "783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a366874f4e3aa8d19594b";
static const char  pay_seed[] =
    "00c0ffee11111111111111111111111111111111111111111111111111111111";
static const char  pay_block_hash[] =
    "7895a29307999f1d61abaf54077342a6714b33e42ccf093e4f9eb86abd387c45";
static const char  pay_sig1[] =
    "00c9c2f5038ba17c17553590f50e9a44246a386b0247579b879ad6cdf0d70be6"
    "658f466712dd6f6ff2ec558bbd59bea44767d2cccc51dfb2a2af19db3cfc2a6a"
    "1c";
static const char  pay_sig2[] =
    "524b901b9eceb8a391faefcced83b16eaf88d781e2e55a7124284b62d70a7dbe"
    "20ff211b2a66e6be39304c078fea23755aeb6c38f03d8d48f7ee5c7c0cb88b2b"
    "1b";

static const char  pay_params[] =
    "0a1470997970c51812dc3a010c7d01b50e0d17dc79c812072aa1efb94e00001a"
    "1e0b2f4fc0794908cf232ff78625902416a7530755a66c5788c4a773d4b00022"
    "20783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a366874f4e3aa8d1959"
    "4b2a1fc0ffee1111111111111111111111111111111111111111111111111111"
    "11113204014fb1a83a2508bc1e12207895a29307999f1d61abaf54077342a671"
    "4b33e42ccf093e4f9eb86abd387c45";
static const char  pay_two_tickets[] =
    "0a88010a1470997970c51812dc3a010c7d01b50e0d17dc79c812072aa1efb94e"
    "00001a1e0b2f4fc0794908cf232ff78625902416a7530755a66c5788c4a773d4"
    "b0002220783ca39fc51a2ddd0c3045e3f63966e6779dd94c504a366874f4e3aa"
    "8d19594b2a1fc0ffee1111111111111111111111111111111111111111111111"
    "11111111113204014fb1a81214f39fd6e51aad88f6f4ce6ab8827279cfffb922"
    "661a2508bc1e12207895a29307999f1d61abaf54077342a6714b33e42ccf093e"
    "4f9eb86abd387c4522450801124100c9c2f5038ba17c17553590f50e9a44246a"
    "386b0247579b879ad6cdf0d70be6658f466712dd6f6ff2ec558bbd59bea44767"
    "d2cccc51dfb2a2af19db3cfc2a6a1c224508021241524b901b9eceb8a391faef"
    "cced83b16eaf88d781e2e55a7124284b62d70a7dbe20ff211b2a66e6be39304c"
    "078fea23755aeb6c38f03d8d48f7ee5c7c0cb88b2b1b2a0508b0091001";
static const char  pay_none[] =
    "1214f39fd6e51aad88f6f4ce6ab8827279cfffb922662a0508b0091001";
static const char  pay_none_header[] =
    "EhTzn9blGq2I9vTOariCcnnP/7kiZioFCLAJEAE=";


/* a result of two renditions of 17 bytes, and three whole messages */

static const char  result_hash0[] =
    "668c0c3f0b79ac1c7013e551f3702cc234d9073eccf66b14912f55c2c94644ab";
static const char  result_hash1[] =
    "99e24a5ee349b76a3612743af525d34a876ab6c2aff1bdfa82c96182250172e8";
static const char  result_m[] =
    "f6f9611402b6fabfe533e51068c6441162abc96e49fc44341abc8917d4d5e5e6";
static const char  result_sig[] =
    "d4e90ef1789d70b992ff9eb6d8482f8543a5eae65520e6544875eb495822534c"
    "6a337663d73ed9e75f9afdfe2c86ef051cb7002a48c5787acf17f38134f513c5"
    "1c";
static const char  result_data[] =
    "08071a86010a410a3a68747470733a2f2f3132372e302e302e313a383933352f"
    "73747265616d2f66313430356365642f50323430703330667073313678392f37"
    "2e74731080b5f6021241d4e90ef1789d70b992ff9eb6d8482f8543a5eae65520"
    "e6544875eb495822534c6a337663d73ed9e75f9afdfe2c86ef051cb7002a48c5"
    "787acf17f38134f513c51c";
static const char  result_error[] =
    "080712104f7263686573747261746f7242757379";

static const char  remote_register[] =
    "0a03666f6f100a1a0d0a04ffbf81202205302e392e31";
static const char  remote_teardown[] = "1a0c420a12086631343035636564";


#endif /* T_DATA_WIRE_H */
