// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BondingManager} from "../src/bonding/BondingManager.sol";
import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {RoundsManager} from "../src/rounds/RoundsManager.sol";
import {LivepeerToken} from "../src/token/LivepeerToken.sol";
import {Base} from "./Base.sol";

// A small town that does anything in any order. Calls that the contracts refuse
// are part of it; what was refused must have changed nothing.
contract Handler is Base {
    uint256 internal constant LPT = 1 ether;
    uint256 private constant RAND = 0x1234;

    BondingManager internal immutable bonding;
    TicketBroker internal immutable broker;
    RoundsManager internal immutable clock;
    address internal immutable verifier;
    address internal immutable owner;
    bool private immutable watching; // costs more than the calls themselves

    uint256[] internal keys;
    address[] internal people; // the first SENDERS of them also broadcast
    uint256 public constant PEOPLE = 7;
    uint256 public constant SENDERS = 2;

    uint256 private nonce;

    // What a member of the set may take from a reserve, now and before.
    mapping(address => mapping(address => uint256)) private entitled;
    mapping(address => uint256) private entitledRound;
    mapping(address => uint256) public reserveIn; // put in since the round began
    mapping(address => uint256) public reserveAtStart;
    bool public shareShrank;
    bool public shareReverted;
    uint256 public redeemed;
    uint256 public slashed;
    uint256 public rewarded;

    constructor(
        BondingManager b,
        TicketBroker k,
        RoundsManager c,
        LivepeerToken token,
        address v,
        address o,
        bool watchShares
    ) {
        (bonding, broker, clock, verifier, owner, watching) = (b, k, c, v, o, watchShares);
        for (uint256 i = 0; i < PEOPLE; i++) {
            uint256 key = 0xC0FFEE + i;
            keys.push(key);
            people.push(vm.addr(key));
            vm.prank(people[i]);
            token.approve(address(b), type(uint256).max);
            vm.deal(people[i], 1e6 ether);
        }
    }

    function person(uint256 i) public view returns (address) {
        return people[i % PEOPLE];
    }

    modifier watched() {
        _;
        if (watching) watch();
    }

    // Stake

    function bond(uint256 who, uint256 amount, uint256 to, uint256 hints) external watched {
        vm.prank(person(who));
        bonding.bondWithHint(
            within(amount, 0, 1000 * LPT),
            person(to % 2 == 0 ? who : to >> 1),
            person(hints),
            person(hints >> 8),
            person(hints >> 16),
            person(hints >> 24)
        );
    }

    function bondTiny(uint256 who, uint256 amount, uint256 to) external watched {
        vm.prank(person(who));
        bonding.bond(within(amount, 0, 1000), person(to));
    }

    function bondFor(uint256 who, uint256 whose, uint256 amount) external watched {
        (, , address delegate, , , , ) = bonding.getDelegator(person(whose));
        if (delegate == address(0)) delegate = person(amount);
        vm.prank(person(who));
        bonding.bondForWithHint(
            within(amount, 1, 10 * LPT),
            person(whose),
            delegate,
            address(0),
            address(0),
            address(0),
            address(0)
        );
    }

    function unbond(uint256 who, uint256 amount, uint256 hints) external watched {
        (uint256 bonded, , , , , , ) = bonding.getDelegator(person(who));
        if (bonded == 0) return;
        amount = amount % 4 == 0 ? bonded : within(amount >> 2, 1, bonded);
        vm.prank(person(who));
        bonding.unbondWithHint(amount, person(hints), person(hints >> 8));
    }

    function rebond(uint256 who, uint256 lock) external watched {
        vm.prank(person(who));
        bonding.rebond(lockOf(who, lock));
    }

    function rebondFromUnbonded(uint256 who, uint256 to, uint256 lock) external watched {
        uint256 id = lockOf(who, lock);
        vm.prank(person(who));
        bonding.rebondFromUnbonded(person(to), id);
    }

    function transferBond(uint256 who, uint256 to, uint256 amount) external watched {
        (uint256 bonded, , , , , , ) = bonding.getDelegator(person(who));
        if (bonded == 0) return;
        vm.prank(person(who));
        bonding.transferBond(
            person(to),
            within(amount, 1, bonded),
            address(0),
            address(0),
            address(0),
            address(0)
        );
    }

    function withdrawStake(uint256 who, uint256 lock) external watched {
        uint256 id = lockOf(who, lock);
        vm.prank(person(who));
        bonding.withdrawStake(id);
    }

    function lockOf(uint256 who, uint256 lock) internal view returns (uint256) {
        (, , , , , , uint256 count) = bonding.getDelegator(person(who));
        return count == 0 ? 0 : lock % count;
    }

    function claim(uint256 who) external watched {
        vm.prank(person(who));
        bonding.claimEarnings(0);
    }

    function withdrawFees(uint256 who, uint256 part) external watched {
        uint256 fees = bonding.pendingFees(person(who), 0);
        if (fees == 0) return;
        vm.prank(person(who));
        bonding.withdrawFees(payable(person(who)), within(part, 1, fees));
    }

    // Work

    function reward(uint256 who, uint256 hints) external watched {
        vm.prank(person(who));
        bonding.rewardWithHint(person(hints), person(hints >> 8));
        rewarded++;
    }

    function terms(uint256 who, uint256 cut, uint256 share) external watched {
        vm.prank(person(who));
        bonding.transcoder(within(cut, 0, 1000000), within(share, 0, 1000000));
    }

    function slash(uint256 who, uint256 rate, uint256 fee, uint256 count) external watched {
        uint256[] memory ids = new uint256[](within(count, 0, 4));
        for (uint256 i = 0; i < ids.length; i++) ids[i] = i;
        vm.prank(verifier);
        bonding.slashTranscoderWithLocks(
            person(who),
            person(who + 1),
            rate % 8 == 0 ? 1000000 : within(rate, 1, 300000),
            within(fee, 0, 500000),
            ids
        );
        slashed++;
    }

    function policy(uint256 low, uint256 high) external watched {
        uint256 m = low % 3 == 0 ? within(low, 0, 50 * LPT) : 0;
        vm.prank(owner);
        bonding.setActiveSetPolicy(m, high % 3 == 0 ? within(high, m + 1, 500 * LPT) : type(uint256).max);
    }

    function evict(uint256 who) external watched {
        bonding.evictBelowMinStake(person(who));
    }

    // Money

    function fund(uint256 who, uint256 deposit, uint256 reserve, uint256 escrow) external watched {
        address sender = person(who % SENDERS);
        deposit = within(deposit, 0, 5 ether);
        reserve = within(reserve, 0, 20 ether);
        vm.startPrank(sender);
        broker.fundDepositAndReserve{value: deposit + reserve}(deposit, reserve);
        broker.fundPenaltyEscrow{value: within(escrow, 0, 1 ether)}();
        vm.stopPrank();
        reserveIn[sender] += reserve;
    }

    function unlock(uint256 who) external watched {
        vm.prank(person(who % SENDERS));
        broker.unlock();
    }

    function cancelUnlock(uint256 who) external watched {
        vm.prank(person(who % SENDERS));
        broker.cancelUnlock();
    }

    function withdraw(uint256 who) external watched {
        address sender = person(who % SENDERS);
        vm.prank(sender);
        broker.withdraw();
        // Taken out by its owner: entitlements begin anew.
        entitledRound[sender] = 0;
        reserveAtStart[sender] = broker.getReserveInfo(sender).claimedInCurrentRound;
        reserveIn[sender] = 0;
    }

    function redeem(uint256 from, uint256 to, uint256 face, uint256 age) external watched {
        Tickets.Ticket memory t;
        t.sender = person(from % SENDERS);
        t.recipient = person(to);
        t.faceValue = within(face, 1, 8 ether);
        t.winProb = type(uint256).max;
        t.senderNonce = ++nonce;
        t.recipientRandHash = keccak256(abi.encodePacked(RAND));
        uint256 created = clock.currentRound() - (age % 2);
        t.auxData = abi.encode(created, clock.blockHashForRound(created));
        bytes32 hash = keccak256(
            abi.encodePacked("\x19Ethereum Signed Message:\n32", broker.getTicketHash(t))
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[from % SENDERS], hash);
        vm.prank(t.recipient);
        broker.redeemWinningTicket(t, abi.encodePacked(r, s, v), RAND);
        redeemed++;
    }

    function periods(uint256 unlockPeriod, uint256 validity) external watched {
        vm.startPrank(owner);
        if (unlockPeriod % 2 == 0) broker.setUnlockPeriod(within(unlockPeriod, 0, 5));
        else broker.setTicketValidityPeriod(within(validity, 0, 5));
        vm.stopPrank();
    }

    // Time

    function nextRound(uint256 skip) external watched {
        uint256 rounds = skip % 16 == 0 ? 2 : 1;
        vm.roll(clock.currentRoundStartBlock() + rounds * clock.roundLength());
        clock.initializeRound();
        for (uint256 i = 0; i < SENDERS; i++) {
            reserveAtStart[people[i]] = broker.getReserveInfo(people[i]).fundsRemaining;
            reserveIn[people[i]] = 0;
        }
    }

    // Within a round what a member may take of a reserve, plus what it took,
    // never becomes less.
    function watch() private {
        uint256 round = clock.currentRound();
        for (uint256 i = 0; i < SENDERS; i++) {
            address holder = people[i];
            bool same = entitledRound[holder] == round;
            for (uint256 j = 0; j < PEOPLE; j++) {
                try broker.claimableReserve(holder, people[j]) returns (uint256 left) {
                    uint256 sum = left + broker.claimedReserve(holder, people[j]);
                    if (same && sum < entitled[holder][people[j]]) shareShrank = true;
                    entitled[holder][people[j]] = sum;
                } catch {
                    shareReverted = true;
                }
            }
            entitledRound[holder] = round;
        }
    }
}
