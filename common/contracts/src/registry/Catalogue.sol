// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagerProxyTarget} from "../core/Manager.sol";
import {IReceiptSigners} from "./ReceiptSigners.sol";

// What an orchestrator offers, who judges its work, where it says it is, and
// which key signs its receipts. Claims, not facts: clients measure.
abstract contract Catalogue is ManagerProxyTarget, IReceiptSigners {
    struct Services {
        bytes32[] ids;
        address[] verifiers;
    }

    struct SignerChange {
        address signer;
        uint96 fromRound;
    }

    struct Record {
        string serviceURI;
    }

    uint256 private constant MAX = 16;

    mapping(address => Record) internal records; // slot 2, the registry's own
    // Streamflow, from slot 3.
    mapping(address => Services) private services;
    mapping(address => bytes32[]) private locations;
    mapping(address => SignerChange[]) private signers;

    event ServicesUpdate(address indexed addr, bytes32[] ids, address[] verifiers);
    event LocationsUpdate(address indexed addr, bytes32[] tags);
    event ReceiptSignerUpdate(address indexed addr, address indexed signer, uint256 fromRound);

    function setServices(bytes32[] calldata ids, address[] calldata verifiers) external {
        require(ids.length == verifiers.length, "LENGTH_MISMATCH");
        checkList(ids);
        services[msg.sender].ids = ids;
        services[msg.sender].verifiers = verifiers;
        emit ServicesUpdate(msg.sender, ids, verifiers);
    }

    function setLocations(bytes32[] calldata tags) external {
        checkList(tags);
        locations[msg.sender] = tags;
        emit LocationsUpdate(msg.sender, tags);
    }

    // From the next round on, so that receipts already signed keep their key.
    function setReceiptSigner(address signer) external {
        uint256 from = rounds().currentRound() + 1;
        SignerChange[] storage list = signers[msg.sender];
        if (list.length > 0 && list[list.length - 1].fromRound == from) list.pop();
        list.push(SignerChange(signer, uint96(from)));
        emit ReceiptSignerUpdate(msg.sender, signer, from);
    }

    function getServices(address who) external view returns (bytes32[] memory, address[] memory) {
        return (services[who].ids, services[who].verifiers);
    }

    function serviceVerifier(
        address who,
        bytes32 id
    ) external view returns (bool offered, address verifier) {
        Services storage list = services[who];
        for (uint256 i = 0; i < list.ids.length; i++) {
            if (list.ids[i] == id) return (true, list.verifiers[i]);
        }
    }

    function getLocations(address who) external view returns (bytes32[] memory) {
        return locations[who];
    }

    // Halving: the list grows with every change its owner ever made.
    function receiptSignerAt(address who, uint256 round) external view returns (address) {
        SignerChange[] storage list = signers[who];
        uint256 low = 0;
        uint256 high = list.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (list[middle].fromRound <= round) low = middle + 1;
            else high = middle;
        }
        if (low == 0 || list[low - 1].signer == address(0)) return who;
        return list[low - 1].signer;
    }

    function checkList(bytes32[] calldata list) private pure {
        require(list.length <= MAX, "TOO_MANY");
        bytes32 last = 0;
        for (uint256 i = 0; i < list.length; i++) {
            require(list[i] > last, "NOT_SORTED");
            last = list[i];
        }
    }
}
