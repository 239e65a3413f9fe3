// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {VerifierAdapter} from "./VerifierAdapter.sol";

// An interactive verification game elsewhere on the chain.
interface IVerificationGame {
    function createTask(bytes32 claimHash, string calldata dataURI) external payable returns (uint256 taskId);
}

// Posts a claim as a task of the game, and passes its verdict on.
contract TruebitVerifier is VerifierAdapter {
    IVerificationGame public immutable game;
    // Zero means unknown: ids are stored as they are, and no case has id zero.
    mapping(uint256 => bytes32) public challengeOf;

    constructor(address controllerAddress, address gameAddress) Manager(controllerAddress) {
        game = IVerificationGame(gameAddress);
    }

    function submit(bytes32 id, Claim calldata claim) external payable onlyFaultVerifier {
        announce(id, claim);
        uint256 task = game.createTask{value: msg.value}(keccak256(abi.encode(id, claim)), claim.dataURI);
        challengeOf[task] = id;
    }

    function taskSolved(uint256 task, uint8 outcome) external {
        require(msg.sender == address(game), "caller must be game");
        bytes32 id = challengeOf[task];
        require(id != 0, "unknown task");
        delete challengeOf[task];
        answer(id, outcome);
    }
}
