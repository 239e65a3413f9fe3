// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

// A ticket's bytes, its hash, and what makes it a winner.
library Tickets {
    struct Ticket {
        address recipient;
        address sender;
        uint256 faceValue;
        uint256 winProb;
        uint256 senderNonce;
        bytes32 recipientRandHash;
        bytes auxData; // u256 creationRound, bytes32 hash of that round
    }

    function hash(Ticket calldata t) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    t.recipient,
                    t.sender,
                    t.faceValue,
                    t.winProb,
                    t.senderNonce,
                    t.recipientRandHash,
                    t.auxData
                )
            );
    }

    function creation(Ticket calldata t) internal pure returns (uint256 round, bytes32 roundHash) {
        require(t.auxData.length == 64, "invalid length for ticket auxData: must be 64 bytes");
        return abi.decode(t.auxData, (uint256, bytes32));
    }

    function checkSignature(address signer, bytes calldata sig, bytes32 ticketHash) internal pure {
        require(sig.length == 65, "INVALID_SIGNATURE_LENGTH");
        address recovered = ECDSA.recover(ECDSA.toEthSignedMessageHash(ticketHash), sig);
        require(recovered == signer, "invalid signature over ticket hash");
    }

    // Neither side can aim: the sender does not know the rand when it signs, the
    // recipient cannot change it after the hash was sent.
    function wins(Ticket calldata t, bytes calldata sig, uint256 rand) internal pure returns (bool) {
        return uint256(keccak256(abi.encodePacked(sig, rand))) < t.winProb;
    }
}
