// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What the other contracts call, and every event, also those that the linked
// libraries emit.
interface IBondingManager {
    event Bond(
        address indexed newDelegate,
        address indexed oldDelegate,
        address indexed delegator,
        uint256 additionalAmount,
        uint256 bondedAmount
    );
    event Unbond(
        address indexed delegate,
        address indexed delegator,
        uint256 unbondingLockId,
        uint256 amount,
        uint256 withdrawRound
    );
    event Rebond(
        address indexed delegate,
        address indexed delegator,
        uint256 unbondingLockId,
        uint256 amount
    );
    event TransferBond(
        address indexed oldDelegator,
        address indexed newDelegator,
        uint256 oldUnbondingLockId,
        uint256 newUnbondingLockId,
        uint256 amount
    );
    event WithdrawStake(
        address indexed delegator,
        uint256 unbondingLockId,
        uint256 amount,
        uint256 withdrawRound
    );
    event WithdrawFees(address indexed delegator, address recipient, uint256 amount);
    event EarningsClaimed(
        address indexed delegate,
        address indexed delegator,
        uint256 rewards,
        uint256 fees,
        uint256 startRound,
        uint256 endRound
    );
    event TranscoderUpdate(address indexed transcoder, uint256 rewardCut, uint256 feeShare);
    event TranscoderActivated(address indexed transcoder, uint256 activationRound);
    event TranscoderDeactivated(address indexed transcoder, uint256 deactivationRound);
    event TranscoderSlashed(
        address indexed transcoder,
        address finder,
        uint256 penalty,
        uint256 finderReward
    );
    event Reward(address indexed transcoder, uint256 amount);
    event TreasuryReward(address indexed transcoder, address treasury, uint256 amount);
    event UnbondingLockSlashed(address indexed delegator, uint256 unbondingLockId, uint256 penalty);
    event TranscoderJailed(address indexed transcoder, uint256 untilRound);
    event DelegatorsSlashed(address indexed transcoder, uint256 rate, uint256 penalty);

    function setCurrentRoundTotalActiveStake() external;

    function updateTranscoderWithFees(address transcoder, uint256 fees, uint256 round) external;

    function slashTranscoder(address transcoder, address finder, uint256 amount, uint256 finderFee) external;

    function slashTranscoderWithLocks(
        address transcoder,
        address finder,
        uint256 amount,
        uint256 finderFee,
        uint256[] calldata lockIds
    ) external;

    function getTotalBonded() external view returns (uint256);

    function isActiveTranscoder(address who) external view returns (bool);

    function currentRoundActiveSetSize() external view returns (uint256);

    function unbondingPeriod() external view returns (uint64);

    function slashableStake(address who) external view returns (uint256);
}
