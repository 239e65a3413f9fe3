/*
 * Keys and signatures. key0, key1 and what they sign were computed apart
 * from this code with the two public development keys every test chain
 * knows (wire.md 11.1-11.3, marked C there); from_go comes from go-livepeer
 * v0.9.1's own tests of its crypto package (11.2, marked G).
 */
#ifndef T_DATA_KEYS_H
#define T_DATA_KEYS_H


typedef struct {
    const char  *secret;
    const char  *address;                                    /* EIP-55 text */
    const char  *sig;                                        /* over key_m */
} key_vector_t;


static const char  key_m[] =
    "b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b76261cc55cc8fbabb3";

static const key_vector_t  key0 = {
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "35912871611224b2a21b31145d6105570fcd5fc140c12b195786e3da03088544"
    "73e4e05a6329b24a6d0f6076ce389ec2688216053cd5d8efa3443a586bdfc446"
    "1b"
};

static const key_vector_t  key1 = {
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "459e97c85191a38b4718925aa7e390c9cfb1fb66c2759abccd10c7cce3c30cf9"
    "6dd56f6689d0960dc70519b892bbeb23bd92a10833d704ae2e7ecaec870168e0"
    "1b"
};

static const struct {
    const char  *address;
    const char  *sig;                                        /* over key_m */
    const char  *high_s;
} from_go = {
    "0x3BadDb1eeE2105893136A3F96c8a963E9C6309d6",
    "206443228e8f784bc3a122de0d85eb3ebff82d6a79cca26c7eeb907099a6404f"
    "6dff57bc6828f28bd6cd073c89d94cf3364204679ed8365fa45b5ee6af19a984"
    "1c",
    "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bd"
    "e0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d"
    "1b"
};

/* OrchestratorRequest of key 0, the answer of key 1 to a ping of 00112233 */

static const char  request_m[] =
    "db2ec52069cba65d62a560cad9088e7a709d09e7c14b33d740b428038e383e34";
static const char  request_sig[] =
    "47d66008c2c5b0671b8e7b43b62245ae9c4ba5f6ff7e94328b68eb45090cb108"
    "0815dec67a20bdec15ce794c9ce271fa8e6552d6b0976ab7a0b92d5516b32ef3"
    "1c";
static const char  ping_sig[] =
    "2df9d7040412b6fd47d4e44a0ad717e630383029f215477c590cd5a409c72663"
    "3e200efe1bd9de145d0143b3f80f50d4467f1cb7ef0858f5caebbd70c6150763"
    "1c";


#endif /* T_DATA_KEYS_H */
