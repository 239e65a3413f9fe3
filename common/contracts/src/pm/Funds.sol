// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagerProxyTarget} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {IBondingManager} from "../bonding/IBondingManager.sol";
import {IMinter} from "../token/IMinter.sol";
import {ITicketBroker} from "./ITicketBroker.sol";

interface ILegacyJobsManager {
    function broadcasters(address who) external view returns (uint256 deposit, uint256 withdrawBlock);
}

// A sender's money: deposit, reserve, penalty escrow, and the time lock on all
// three. The ETH itself lies in Minter; here are the books.
abstract contract Funds is ManagerProxyTarget, ITicketBroker {
    struct Reserve {
        uint256 funds;
        mapping(uint256 => uint256) claimedForRound;
        mapping(uint256 => mapping(address => uint256)) claimedByAddress;
    }

    // Slots 2 .. 6 are those of the deployed contract.
    mapping(address => Reserve) internal reserves;
    mapping(address => Sender) internal senders;
    uint256 public unlockPeriod;
    mapping(bytes32 => bool) public usedTickets;
    uint256 public ticketValidityPeriod;
    // Streamflow, from slot 7.
    mapping(address => uint256) public penaltyEscrow;
    uint256 public penaltyRate;
    mapping(address => bool) internal legacyMigrated;

    // Parameters

    // A ticket must never outlive the funds behind it.
    function setUnlockPeriod(uint256 period) external onlyControllerOwner {
        require(period >= ticketValidityPeriod, "unlockPeriod must be >= ticketValidityPeriod");
        unlockPeriod = period;
        emit ParameterUpdate("unlockPeriod");
    }

    function setTicketValidityPeriod(uint256 period) external onlyControllerOwner {
        require(period > 0, "ticketValidityPeriod must be greater than 0");
        require(unlockPeriod >= period, "unlockPeriod must be >= ticketValidityPeriod");
        ticketValidityPeriod = period;
        emit ParameterUpdate("ticketValidityPeriod");
    }

    function setPenaltyRate(uint256 rate) external onlyControllerOwner {
        require(rate <= Perc.PERC, "invalid penalty rate");
        penaltyRate = rate;
        emit ParameterUpdate("penaltyRate");
    }

    // Money in

    function fundDeposit() external payable whenSystemNotPaused {
        addDeposit(msg.sender, msg.value);
        bank();
    }

    function fundReserve() external payable whenSystemNotPaused {
        addReserve(msg.sender, msg.value);
        bank();
    }

    function fundDepositAndReserve(uint256 deposit, uint256 reserve) external payable {
        fundDepositAndReserveFor(msg.sender, deposit, reserve);
    }

    function fundDepositAndReserveFor(
        address who,
        uint256 deposit,
        uint256 reserve
    ) public payable whenSystemNotPaused {
        require(
            msg.value == deposit + reserve,
            "msg.value does not equal sum of deposit amount and reserve amount"
        );
        addReserve(who, reserve);
        addDeposit(who, deposit);
        bank();
    }

    function fundPenaltyEscrow() external payable whenSystemNotPaused {
        relock(msg.sender);
        penaltyEscrow[msg.sender] += msg.value;
        emit PenaltyEscrowFunded(msg.sender, msg.value);
        bank();
    }

    // The ETH of the old system lies in Minter already; only the books change.
    function migrateLegacyDeposit() external whenSystemNotPaused inCurrentRound {
        address legacy = controller.getContract(Names.LEGACY_JOBS_MANAGER);
        require(legacy != address(0), "no legacy deposit");
        (uint256 amount, uint256 withdrawBlock) = ILegacyJobsManager(legacy).broadcasters(msg.sender);
        require(amount > 0, "no legacy deposit");
        require(withdrawBlock == 0, "legacy withdrawal in progress");
        require(!legacyMigrated[msg.sender], "already migrated");
        legacyMigrated[msg.sender] = true;
        emit LegacyDepositMigrated(msg.sender, amount);
        addDeposit(msg.sender, amount);
    }

    // Money out

    function unlock() external whenSystemNotPaused {
        require(hasFunds(msg.sender), "sender deposit and reserve are zero");
        require(!isUnlockInProgress(msg.sender), "unlock already initiated");
        uint256 round = rounds().currentRound();
        senders[msg.sender].withdrawRound = round + unlockPeriod;
        emit Unlock(msg.sender, round, round + unlockPeriod);
    }

    function cancelUnlock() external whenSystemNotPaused {
        require(isUnlockInProgress(msg.sender), "no unlock request in progress");
        relock(msg.sender);
    }

    function withdraw() external whenSystemNotPaused {
        require(hasFunds(msg.sender), "sender deposit and reserve are zero");
        require(isUnlockInProgress(msg.sender), "no unlock request in progress");
        require(!isLocked(msg.sender, rounds().currentRound()), "account is locked");

        uint256 deposit = senders[msg.sender].deposit;
        uint256 reserve = reserves[msg.sender].funds;
        uint256 escrow = penaltyEscrow[msg.sender];
        senders[msg.sender].deposit = 0;
        reserves[msg.sender].funds = 0;
        penaltyEscrow[msg.sender] = 0;
        emit Withdrawal(msg.sender, deposit, reserve);
        if (escrow > 0) emit PenaltyEscrowWithdrawn(msg.sender, escrow);
        minter().trustedWithdrawETH(payable(msg.sender), deposit + reserve + escrow);
    }

    // Views

    function getSenderInfo(
        address who
    ) external view returns (Sender memory sender, ReserveInfo memory reserve) {
        return (senders[who], getReserveInfo(who));
    }

    function getReserveInfo(address who) public view returns (ReserveInfo memory) {
        Reserve storage r = reserves[who];
        return ReserveInfo(r.funds, r.claimedForRound[rounds().currentRound()]);
    }

    // Each member of the set that the round began with may claim one equal part
    // of what the reserve held plus what was added since.
    function claimableReserve(address holder, address claimant) public view virtual returns (uint256) {
        uint256 size = bonding().currentRoundActiveSetSize();
        if (size == 0 || !bonding().isActiveTranscoder(claimant)) return 0;

        uint256 round = rounds().currentRound();
        Reserve storage r = reserves[holder];
        uint256 share = (r.funds + r.claimedForRound[round]) / size;
        uint256 claimed = r.claimedByAddress[round][claimant];
        if (share <= claimed) return 0;
        return share - claimed < r.funds ? share - claimed : r.funds;
    }

    function claimedReserve(address holder, address claimant) external view returns (uint256) {
        return reserves[holder].claimedByAddress[rounds().currentRound()][claimant];
    }

    function isUnlockInProgress(address who) public view returns (bool) {
        return senders[who].withdrawRound > 0;
    }

    // Books

    function claimFromReserve(
        address holder,
        address claimant,
        uint256 wanted,
        uint256 round
    ) internal returns (uint256 amount) {
        amount = claimableReserve(holder, claimant);
        if (wanted < amount) amount = wanted;
        if (amount == 0) return 0;
        Reserve storage r = reserves[holder];
        r.funds -= amount;
        r.claimedForRound[round] += amount;
        r.claimedByAddress[round][claimant] += amount;
        emit ReserveClaimed(holder, claimant, amount);
    }

    function hasFunds(address who) internal view returns (bool) {
        return senders[who].deposit > 0 || reserves[who].funds > 0 || penaltyEscrow[who] > 0;
    }

    function isLocked(address who, uint256 round) internal view returns (bool) {
        uint256 withdrawRound = senders[who].withdrawRound;
        return withdrawRound == 0 || round < withdrawRound;
    }

    function minter() internal view returns (IMinter) {
        return IMinter(controller.getContract(Names.MINTER));
    }

    function bonding() internal view returns (IBondingManager) {
        return IBondingManager(controller.getContract(Names.BONDING_MANAGER));
    }

    function addDeposit(address who, uint256 amount) private {
        relock(who);
        senders[who].deposit += amount;
        emit DepositFunded(who, amount);
    }

    function addReserve(address who, uint256 amount) private {
        relock(who);
        reserves[who].funds += amount;
        emit ReserveFunded(who, amount);
    }

    // Only the owner's own money says that it wants to stay.
    function relock(address who) private {
        if (who != msg.sender || !isUnlockInProgress(who)) return;
        senders[who].withdrawRound = 0;
        emit UnlockCancelled(who);
    }

    function bank() private {
        minter().depositETH{value: msg.value}();
    }
}
