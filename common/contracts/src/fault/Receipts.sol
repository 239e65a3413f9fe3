// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

// What an orchestrator signs about one transcoded segment: every input that the
// result depends on, so that the signature cannot be shown for another one.
library Receipts {
    struct Receipt {
        address broadcaster;
        address orchestrator;
        bytes32 manifestHash;
        uint256 seq;
        bytes32 sourceHash;
        bytes32 profilesHash;
        bytes32 resultHash;
        bytes32 serviceId;
        address verifier;
        uint256 round;
    }

    bytes32 internal constant TYPE_HASH =
        keccak256(
            "TranscodeReceipt(address broadcaster,address orchestrator,bytes32 manifestHash,uint256 seq,"
            "bytes32 sourceHash,bytes32 profilesHash,bytes32 resultHash,bytes32 serviceId,"
            "address verifier,uint256 round)"
        );

    // All members are static words, so the struct is encoded as the list of them.
    function structHash(Receipt memory r) internal pure returns (bytes32) {
        return keccak256(bytes.concat(TYPE_HASH, abi.encode(r)));
    }

    function digest(Receipt memory r, bytes32 domain) internal pure returns (bytes32) {
        return ECDSA.toTypedDataHash(domain, structHash(r));
    }

    // Two receipts with this key answer the same question.
    function requestKey(Receipt memory r) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    r.broadcaster,
                    r.orchestrator,
                    r.manifestHash,
                    r.seq,
                    r.sourceHash,
                    r.profilesHash,
                    r.serviceId
                )
            );
    }

    function signedBy(bytes32 hash, bytes memory sig, address signer) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError err) = ECDSA.tryRecover(hash, sig);
        return err == ECDSA.RecoverError.NoError && recovered == signer;
    }
}
