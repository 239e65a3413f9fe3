// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {ReceiptSigners} from "../registry/ReceiptSigners.sol";
import {Funds} from "./Funds.sol";
import {Tickets} from "./Tickets.sol";

// Turns winning tickets into fees. No ETH leaves Minter here: it changes its
// owner inside the books.
contract TicketBroker is Funds {
    constructor(address controllerAddress) Manager(controllerAddress) {}

    function redeemWinningTicket(
        Tickets.Ticket calldata ticket,
        bytes calldata sig,
        uint256 recipientRand
    ) external whenSystemNotPaused inCurrentRound {
        redeem(ticket, sig, recipientRand, msg.sender);
    }

    // A losing or broken ticket must not stop the others of its batch.
    function batchRedeemWinningTickets(
        Tickets.Ticket[] calldata tickets,
        bytes[] calldata sigs,
        uint256[] calldata recipientRands
    ) external whenSystemNotPaused inCurrentRound {
        require(
            tickets.length == sigs.length && tickets.length == recipientRands.length,
            "ARRAY_LENGTH_MISMATCH"
        );
        for (uint256 i = 0; i < tickets.length; i++) {
            try this.redeemFromBatch(tickets[i], sigs[i], recipientRands[i], msg.sender) {} catch {}
        }
    }

    // The self-call of a batch. It carries on who asked for the batch, because
    // not everybody may accept less than the face value.
    function redeemFromBatch(
        Tickets.Ticket calldata ticket,
        bytes calldata sig,
        uint256 recipientRand,
        address caller
    ) external {
        require(msg.sender == address(this), "caller must be TicketBroker");
        redeem(ticket, sig, recipientRand, caller);
    }

    function getTicketHash(Tickets.Ticket calldata ticket) external pure returns (bytes32) {
        return Tickets.hash(ticket);
    }

    function redeem(
        Tickets.Ticket calldata ticket,
        bytes calldata sig,
        uint256 rand,
        address caller
    ) private {
        uint256 round = rounds().currentRound();
        uint256 created = checkCreation(ticket, round);
        bytes32 ticketHash = Tickets.hash(ticket);
        checkWinner(ticket, sig, rand, ticketHash);
        require(isLocked(ticket.sender, round), "sender is unlocked");
        require(hasFunds(ticket.sender), "sender deposit and reserve are zero");

        usedTickets[ticketHash] = true;
        uint256 paid = collect(ticket, round);
        if (paid < ticket.faceValue) settleShortfall(ticket, ticket.faceValue - paid, round, caller);
        if (paid > 0) {
            emit WinningTicketTransfer(ticket.sender, ticket.recipient, paid);
            bonding().updateTranscoderWithFees(ticket.recipient, paid, termsOf(created));
        }
        emit WinningTicketRedeemed(
            ticket.sender,
            ticket.recipient,
            ticket.faceValue,
            ticket.winProb,
            ticket.senderNonce,
            rand,
            ticket.auxData
        );
    }

    function checkCreation(
        Tickets.Ticket calldata ticket,
        uint256 round
    ) private view returns (uint256 created) {
        require(ticket.recipient != address(0), "ticket recipient is null address");
        require(ticket.sender != address(0), "ticket sender is null address");
        bytes32 claimed;
        (created, claimed) = Tickets.creation(ticket);
        bytes32 known = rounds().blockHashForRound(created);
        require(known != bytes32(0), "ticket creationRound does not have a block hash");
        require(known == claimed, "ticket creationRoundBlockHash invalid for creationRound");
        require(created + ticketValidityPeriod > round, "ticket is expired");
    }

    function checkWinner(
        Tickets.Ticket calldata ticket,
        bytes calldata sig,
        uint256 rand,
        bytes32 ticketHash
    ) private view {
        require(
            keccak256(abi.encodePacked(rand)) == ticket.recipientRandHash,
            "recipientRand does not match recipientRandHash"
        );
        require(!usedTickets[ticketHash], "ticket is used");
        Tickets.checkSignature(ticket.sender, sig, ticketHash);
        require(Tickets.wins(ticket, sig, rand), "ticket did not win");
    }

    // Deposit first; the reserve is an insurance for the members of the set.
    function collect(Tickets.Ticket calldata ticket, uint256 round) private returns (uint256 paid) {
        uint256 deposit = senders[ticket.sender].deposit;
        paid = ticket.faceValue < deposit ? ticket.faceValue : deposit;
        senders[ticket.sender].deposit = deposit - paid;
        if (paid < ticket.faceValue) {
            paid += claimFromReserve(ticket.sender, ticket.recipient, ticket.faceValue - paid, round);
        }
    }

    // Only who loses by it may burn a ticket for less than it is worth. The
    // penalty goes to nobody: a receiver could be the sender in disguise.
    function settleShortfall(
        Tickets.Ticket calldata ticket,
        uint256 shortfall,
        uint256 round,
        address caller
    ) private {
        require(mayTakeLess(caller, ticket.recipient, round), "PARTIAL_REDEMPTION");
        uint256 penalty = Perc.part(shortfall, penaltyRate, Perc.PERC);
        uint256 escrow = penaltyEscrow[ticket.sender];
        if (penalty > escrow) penalty = escrow;
        if (penalty == 0 || !bonding().isActiveTranscoder(ticket.recipient)) return;
        penaltyEscrow[ticket.sender] = escrow - penalty;
        emit PenaltyApplied(ticket.sender, ticket.recipient, shortfall, penalty);
        minter().trustedWithdrawETH(payable(Names.BURN), penalty);
    }

    function mayTakeLess(
        address caller,
        address recipient,
        uint256 round
    ) internal view virtual returns (bool) {
        return caller == recipient || caller == ReceiptSigners.signerAt(controller, recipient, round);
    }

    // The round whose committed fee share binds.
    function termsOf(uint256 created) internal view virtual returns (uint256) {
        return created;
    }
}
