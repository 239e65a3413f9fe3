// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager, ManagerProxyTarget} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {IBondingManager} from "../bonding/IBondingManager.sol";
import {IMinter} from "../token/IMinter.sol";
import {IRoundsManager} from "./IRoundsManager.sol";

// The protocol's clock, counted in blocks. Somebody has to wind it: a round is
// usable only after initializeRound.
contract RoundsManager is ManagerProxyTarget, IRoundsManager {
    uint256 public roundLength;
    uint256 public roundLockAmount;
    uint256 public lastInitializedRound;
    uint256 public lastRoundLengthUpdateRound;
    uint256 public lastRoundLengthUpdateStartBlock;

    mapping(uint256 => bytes32) private roundHash;
    mapping(uint256 => uint256) public lipUpgradeRound;

    constructor(address controllerAddress) Manager(controllerAddress) {}

    function setRoundLength(uint256 length) external onlyControllerOwner {
        require(length > 0, "round length cannot be 0");

        // Anchoring with the old length keeps the round number where it is; only
        // the very first call has no old length to anchor with.
        if (roundLength == 0) {
            roundLength = length;
            anchor();
        } else {
            anchor();
            roundLength = length;
        }
        emit ParameterUpdate("roundLength");
    }

    function setRoundLockAmount(uint256 amount) external onlyControllerOwner {
        require(amount <= Perc.PERC, "round lock amount must be a valid percentage");
        roundLockAmount = amount;
        emit ParameterUpdate("roundLockAmount");
    }

    function setLIPUpgradeRound(uint256 lip, uint256 round) external onlyControllerOwner {
        require(lipUpgradeRound[lip] == 0, "LIP upgrade round already set");
        lipUpgradeRound[lip] = round;
        emit ParameterUpdate("lipUpgradeRound");
    }

    function initializeRound() external whenSystemNotPaused {
        uint256 round = currentRound();
        require(lastInitializedRound < round, "round already initialized");

        bytes32 hash = blockHash(blockNum() - 1);
        lastInitializedRound = round;
        roundHash[round] = hash;

        // Stake is rolled over first: inflation looks at the new active stake.
        IBondingManager(controller.getContract(Names.BONDING_MANAGER)).setCurrentRoundTotalActiveStake();
        IMinter(controller.getContract(Names.MINTER)).setCurrentRewardTokens();

        emit NewRound(round, hash);
    }

    function currentRoundInitialized() external view returns (bool) {
        return lastInitializedRound == currentRound();
    }

    // The last part of a round, in which commissions stand still.
    function currentRoundLocked() external view returns (bool) {
        uint256 open = roundLength - Perc.part(roundLength, roundLockAmount, Perc.PERC);
        return blockNum() - currentRoundStartBlock() >= open;
    }

    function blockHashForRound(uint256 round) external view returns (bytes32) {
        return roundHash[round];
    }

    function blockHash(uint256 number) public view returns (bytes32) {
        uint256 current = blockNum();
        require(number < current, "can only retrieve past block hashes");
        require(number + 256 >= current, "can only retrieve hashes for last 256 blocks");
        return blockhash(number);
    }

    function blockNum() public view returns (uint256) {
        return block.number;
    }

    function currentRound() public view returns (uint256) {
        return lastRoundLengthUpdateRound + (blockNum() - lastRoundLengthUpdateStartBlock) / roundLength;
    }

    function currentRoundStartBlock() public view returns (uint256) {
        uint256 passed = (blockNum() - lastRoundLengthUpdateStartBlock) / roundLength;
        return lastRoundLengthUpdateStartBlock + passed * roundLength;
    }

    function anchor() private {
        uint256 round = currentRound();
        lastRoundLengthUpdateStartBlock = currentRoundStartBlock();
        lastRoundLengthUpdateRound = round;
    }
}
