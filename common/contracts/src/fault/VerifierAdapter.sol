// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {IFaultVerifier, IVerifierAdapter} from "./IVerifierAdapter.sol";

// What every judge shares: one caller, one price, one place to answer to.
abstract contract VerifierAdapter is Manager, IVerifierAdapter {
    uint256 public fee;

    modifier onlyFaultVerifier() {
        require(Names.isCaller(controller, Names.VERIFIER), "caller must be FaultVerifier");
        require(msg.value >= fee, "fee too low");
        _;
    }

    function setFee(uint256 amount) external onlyControllerOwner {
        fee = amount;
        emit ParameterUpdate("fee");
    }

    function announce(bytes32 id, Claim calldata claim) internal {
        emit TaskSubmitted(
            id,
            claim.orchestrator,
            claim.serviceId,
            claim.sourceHash,
            claim.profileHash,
            claim.renditionHash,
            claim.dataURI
        );
    }

    function answer(bytes32 id, uint8 outcome) internal {
        IFaultVerifier(controller.getContract(Names.VERIFIER)).onVerified(id, outcome);
    }
}
