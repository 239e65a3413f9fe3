// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FaultVerifier} from "../src/fault/FaultVerifier.sol";
import {IVerifierAdapter} from "../src/fault/IVerifierAdapter.sol";
import {IVerificationGame, TruebitVerifier} from "../src/fault/TruebitVerifier.sol";

// Judges that nobody should have approved.
contract HostileVerifier is IVerifierAdapter {
    enum Mode {
        Silent,
        Twice,
        WrongId,
        Reenter,
        Reject
    }

    FaultVerifier private immutable court;
    Mode public mode;
    bytes public attack; // what it calls while a challenge is being opened
    bool public attackWorked;
    bytes public attackAnswer;
    uint256 public fee;

    constructor(FaultVerifier c) {
        court = c;
    }

    function be(Mode m, bytes calldata data) external {
        mode = m;
        attack = data;
    }

    function charge(uint256 amount) external {
        fee = amount;
    }

    function submit(bytes32 id, Claim calldata) external payable {
        if (mode == Mode.Reject) revert("not today");
        if (mode == Mode.WrongId) court.onVerified(keccak256("another"), 2);
        if (mode == Mode.Twice) {
            court.onVerified(id, 2);
            (attackWorked, attackAnswer) = address(court).call(abi.encodeCall(court.onVerified, (id, 1)));
        }
        if (mode == Mode.Reenter) (attackWorked, attackAnswer) = address(court).call{value: 1 ether}(attack);
    }

    function say(bytes32 id, uint8 outcome) external {
        court.onVerified(id, outcome);
    }

    receive() external payable {}
}

// Calls back into the court when it is paid.
contract GreedyChallenger {
    FaultVerifier private immutable court;
    uint256 public paid;
    bool public again;

    constructor(FaultVerifier c) {
        court = c;
    }

    function take() external {
        court.withdrawCredit();
    }

    receive() external payable {
        paid++;
        if (paid == 1) (again, ) = address(court).call(abi.encodeCall(court.withdrawCredit, ()));
    }
}

contract Mute {
    FaultVerifier private immutable court;

    constructor(FaultVerifier c) {
        court = c;
    }

    function take() external {
        court.withdrawCredit();
    }
}

// A verification game: hands out task numbers, answers when told to.
contract Game is IVerificationGame {
    uint256 public tasks;

    function createTask(bytes32, string calldata) external payable returns (uint256) {
        return ++tasks;
    }

    function solve(TruebitVerifier adapter, uint256 task, uint8 outcome) external {
        adapter.taskSolved(task, outcome);
    }
}

// A BondingManager as the deployed network has it: only the short slash.
contract PlainBonding {
    uint256 public slashes;
    uint64 public unbondingPeriod = 7;

    function slashTranscoder(address, address, uint256, uint256) external {
        slashes++;
    }
}
