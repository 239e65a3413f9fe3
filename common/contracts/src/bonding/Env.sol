// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IController} from "../core/IController.sol";
import {Names} from "../core/Names.sol";
import {IRoundsManager} from "../rounds/IRoundsManager.sol";
import {IMinter} from "../token/IMinter.sol";
import {BondingState} from "./BondingState.sol";

interface IBondingVotes {
    function checkpointBondingState(
        address account,
        uint256 startRound,
        uint256 bondedAmount,
        address delegateAddress,
        uint256 delegatedAmount,
        uint256 lastClaimRound,
        uint256 lastRewardRound
    ) external;

    function checkpointTotalActiveStake(uint256 totalStake, uint256 round) external;
}

interface IExitFreeze {
    function exitFrozen(address orchestrator) external view returns (bool);
}

// The neighbours of BondingManager. Governance contracts and the L2 helpers are
// optional: a name nobody registered is skipped.
library Env {
    using BondingState for BondingState.Data;

    function round(IController c) internal view returns (uint256) {
        return IRoundsManager(c.getContract(Names.ROUNDS_MANAGER)).currentRound();
    }

    function minter(IController c) internal view returns (IMinter) {
        return IMinter(c.getContract(Names.MINTER));
    }

    function token(IController c) internal view returns (IERC20) {
        return IERC20(c.getContract(Names.TOKEN));
    }

    // Votes count from the next round on, like stake does.
    function checkpoint(BondingState.Data storage s, IController c, address who) internal {
        address votes = c.getContract(Names.BONDING_VOTES);
        if (votes == address(0) || who == address(0)) return;
        BondingState.Delegator storage d = s.delegators[who];
        IBondingVotes(votes).checkpointBondingState(
            who,
            round(c) + 1,
            d.bondedAmount,
            d.delegateAddress,
            d.delegatedAmount,
            d.lastClaimRound,
            s.transcoders[who].lastRewardRound
        );
    }

    // Only while delegators can be slashed is there something to flee from.
    function checkExit(BondingState.Data storage s, IController c, address delegate) internal view {
        if (s.delegatorSlashRate == 0) return;
        address verifier = c.getContract(Names.VERIFIER);
        if (verifier.code.length == 0) return;
        (bool ok, bytes memory answer) = verifier.staticcall(
            abi.encodeCall(IExitFreeze.exitFrozen, (delegate))
        );
        // A Verifier of another make cannot freeze anybody.
        bool frozen = ok && answer.length == 32 && uint256(bytes32(answer)) == 1;
        require(!frozen, "delegate under challenge");
    }
}
