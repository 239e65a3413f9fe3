// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface ITicketBroker {
    struct Sender {
        uint256 deposit;
        uint256 withdrawRound; // 0: locked
    }

    struct ReserveInfo {
        uint256 fundsRemaining;
        uint256 claimedInCurrentRound;
    }

    event DepositFunded(address indexed sender, uint256 amount);
    event ReserveFunded(address indexed reserveHolder, uint256 amount);
    event ReserveClaimed(address indexed reserveHolder, address claimant, uint256 amount);
    event Unlock(address indexed sender, uint256 startRound, uint256 endRound);
    event UnlockCancelled(address indexed sender);
    event Withdrawal(address indexed sender, uint256 deposit, uint256 reserve);
    event WinningTicketTransfer(address indexed sender, address indexed recipient, uint256 amount);
    event WinningTicketRedeemed(
        address indexed sender,
        address indexed recipient,
        uint256 faceValue,
        uint256 winProb,
        uint256 senderNonce,
        uint256 recipientRand,
        bytes auxData
    );
    event PenaltyEscrowFunded(address indexed sender, uint256 amount);
    event PenaltyApplied(
        address indexed sender,
        address indexed recipient,
        uint256 shortfall,
        uint256 penalty
    );
    event PenaltyEscrowWithdrawn(address indexed sender, uint256 amount);
    event LegacyDepositMigrated(address indexed sender, uint256 amount);
}
