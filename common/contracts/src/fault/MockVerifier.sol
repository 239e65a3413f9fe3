// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {VerifierAdapter} from "./VerifierAdapter.sol";

// A judge that says what it was told to, for tests and for the dev chain.
contract MockVerifier is VerifierAdapter {
    uint8 public outcome; // 0: say nothing by itself

    constructor(address controllerAddress) Manager(controllerAddress) {}

    function setOutcome(uint8 next) external onlyControllerOwner {
        outcome = next;
        emit ParameterUpdate("outcome");
    }

    function submit(bytes32 id, Claim calldata claim) external payable onlyFaultVerifier {
        announce(id, claim);
        if (outcome != 0) answer(id, outcome);
    }

    function say(bytes32 id, uint8 verdict) external onlyControllerOwner {
        answer(id, verdict);
    }
}
