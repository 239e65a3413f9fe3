// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BondingManager} from "../src/bonding/BondingManager.sol";
import {TicketBroker} from "../src/pm/TicketBroker.sol";

// The rules that this project changed, each as the deployed network has it.
// Tests run the attack against these first, then against ours.

interface IPoolSize {
    function getTranscoderPoolSize() external view returns (uint256);
}

// Shares by the size of the next round's pool, which anybody can change now.
contract LiveSizeBroker is TicketBroker {
    constructor(address controllerAddress) TicketBroker(controllerAddress) {}

    function claimableReserve(address holder, address claimant) public view override returns (uint256) {
        uint256 size = IPoolSize(address(bonding())).getTranscoderPoolSize();
        if (size == 0 || !bonding().isActiveTranscoder(claimant)) return 0;
        uint256 round = rounds().currentRound();
        Reserve storage r = reserves[holder];
        return (r.funds + r.claimedForRound[round]) / size - r.claimedByAddress[round][claimant];
    }
}

// Anybody may have a ticket redeemed for less than it is worth.
contract OpenPartialBroker is TicketBroker {
    constructor(address controllerAddress) TicketBroker(controllerAddress) {}

    function mayTakeLess(address, address, uint256) internal pure override returns (bool) {
        return true;
    }
}

// Fees are split by the terms of the round in which they are redeemed.
contract TermsOfTodayBroker is TicketBroker {
    constructor(address controllerAddress) TicketBroker(controllerAddress) {}

    function termsOf(uint256) internal view override returns (uint256) {
        return rounds().currentRound();
    }
}

// Terms can be changed at any moment, also right before they are applied.
contract FreeTermsBonding is BondingManager {
    constructor(address controllerAddress) BondingManager(controllerAddress) {}

    function transcoderNow(uint256 rewardCut, uint256 feeShare) external {
        s.transcoders[msg.sender].rewardCut = rewardCut;
        s.transcoders[msg.sender].feeShare = feeShare;
    }
}
