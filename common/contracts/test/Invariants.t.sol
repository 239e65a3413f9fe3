// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Receipts} from "../src/fault/Receipts.sol";
import {FaultWorld} from "./FaultWorld.sol";
import {Handler} from "./Handler.sol";
import {World} from "./World.sol";

// What must hold after any sequence of calls by anybody.
abstract contract TownWorld is World {
    Handler internal town;

    function setUp() public virtual override {
        super.setUp();
        broker.setPenaltyRate(500000);
        bonding.setNumActiveTranscoders(11);
        town = new Handler(bonding, broker, clock, token, address(fault), address(this), watching());
        for (uint256 i = 0; i < town.PEOPLE(); i++) {
            require(token.transfer(town.person(i), 50_000 * LPT), "no LPT left");
        }
        // Something to begin with: two orchestrators, a delegator, two senders.
        town.bond(2, 300 * LPT, 0, 0);
        town.bond(3, 200 * LPT, 0, 0);
        town.bond(4, 100 * LPT, 5, 0);
        town.nextRound(1);
        town.fund(0, 5 ether, 20 ether, 1 ether);
        town.fund(1, 5 ether, 20 ether, 0);
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(town);
    }

    function checkEth() internal view {
        uint256 owed = 0;
        for (uint256 i = 0; i < town.PEOPLE(); i++) {
            address who = town.person(i);
            (TicketBroker.Sender memory s, TicketBroker.ReserveInfo memory r) = broker.getSenderInfo(who);
            owed += s.deposit + r.fundsRemaining + broker.penaltyEscrow(who) + fees(who);
        }
        atMost(owed, address(minter).balance, "ETH owed");
    }

    function checkLpt() internal view {
        uint256 owed = 0;
        uint256 books = 0;
        for (uint256 i = 0; i < town.PEOPLE(); i++) {
            address who = town.person(i);
            owed += stakeOf(who) + lockSum(who);
            books += bonding.transcoderTotalStake(who) + lockSum(who);
        }
        atMost(owed, books, "stake of all, by owner and by delegate");
        atMost(books, token.balanceOf(address(minter)), "LPT owed");
    }

    function lockSum(address who) private view returns (uint256 sum) {
        uint256 count = locks(who);
        for (uint256 i = 0; i < count; i++) {
            (uint256 amount, ) = bonding.getDelegatorUnbondingLock(who, i);
            sum += amount;
        }
    }

    function watching() internal pure virtual returns (bool) {
        return false;
    }
}

contract InvariantsTest is TownWorld {
    function invariant_C03_ethCoversEveryClaim() public view {
        checkEth();
    }

    function invariant_C04_lptCoversEveryClaim() public view {
        checkLpt();
    }

    function invariant_C16_C32_poolIsSound() public view {
        uint256 count = 0;
        uint256 sum = 0;
        uint256 weight = 0;
        (, uint256 cap) = bonding.activeSetPolicy();
        uint256 last = type(uint256).max;
        address id = bonding.getFirstTranscoderInPool();
        while (id != address(0)) {
            uint256 stake = bonding.transcoderTotalStake(id);
            ok(bonding.isRegisteredTranscoder(id), "members are registered");
            ok(bonding.jailedUntil(id) <= round(), "nobody from jail");
            atMost(stake, last, "falling stake");
            last = stake;
            sum += stake;
            weight += stake < cap ? stake : cap;
            count++;
            id = bonding.getNextTranscoderInPool(id);
        }
        eq(count, bonding.getTranscoderPoolSize(), "walk length");
        atMost(count, bonding.getTranscoderPoolMaxSize(), "size");
        eq(sum, bonding.nextRoundTotalActiveStake(), "sum of stakes");
        eq(weight, bonding.nextRoundTotalActiveWeight(), "sum of weights");
    }

    function invariant_C18_mintStaysBelowItsCap() public view {
        atMost(minter.currentMintedTokens(), minter.currentMintableTokens(), "minted");
    }

    function invariant_C14_ticketsExpireBeforeUnlock() public view {
        atMost(broker.ticketValidityPeriod(), broker.unlockPeriod(), "V <= U");
        ok(broker.ticketValidityPeriod() > 0, "V > 0");
    }
}

// The campaigns above would prove nothing if every call were refused.
contract TownIsBusyTest is TownWorld {
    function test_C03_C04_theTownDoesThings() public {
        uint256 seed = 7;
        for (uint256 i = 0; i < 600; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            (uint256 a, uint256 b, uint256 c) = (seed >> 16, seed >> 80, seed >> 144);
            bytes memory data = abi.encodeCall(town.nextRound, (a));
            if (seed % 8 == 1) data = abi.encodeCall(town.bond, (a, b, c, seed));
            if (seed % 8 == 2) data = abi.encodeCall(town.unbond, (a, b, c));
            if (seed % 8 == 3) data = abi.encodeCall(town.reward, (a, b));
            if (seed % 8 == 4) data = abi.encodeCall(town.redeem, (a, b, c, seed >> 8));
            if (seed % 8 == 5) data = abi.encodeCall(town.fund, (a, b, c, seed));
            if (seed % 16 == 6) data = abi.encodeCall(town.slash, (a, b, c, seed));
            if (seed % 8 == 7) data = abi.encodeCall(town.withdrawFees, (a, b));
            (bool done, ) = address(town).call(data);
            if (!done) continue;
            checkEth();
            checkLpt();
        }
        ok(town.redeemed() > 20, "tickets are paid");
        ok(town.rewarded() > 10, "rewards are minted");
        ok(town.slashed() > 10, "stake is slashed");
    }
}

contract ReserveInvariantsTest is TownWorld {
    function watching() internal pure override returns (bool) {
        return true;
    }

    function invariant_C10_C11_reserveSharesHold() public view {
        ok(!town.shareReverted(), "claimableReserve never reverts");
        ok(!town.shareShrank(), "no share shrinks within a round");
        uint256 size = bonding.currentRoundActiveSetSize();
        for (uint256 i = 0; i < town.SENDERS(); i++) {
            address holder = town.person(i);
            TicketBroker.ReserveInfo memory r = broker.getReserveInfo(holder);
            uint256 whole = town.reserveAtStart(holder) + town.reserveIn(holder);
            atMost(r.claimedInCurrentRound, whole, "no more than was there");
            if (size == 0) continue;
            uint256 share = (r.fundsRemaining + r.claimedInCurrentRound) / size;
            for (uint256 j = 0; j < town.PEOPLE(); j++) {
                atMost(broker.claimedReserve(holder, town.person(j)), share, "one share each");
            }
        }
    }
}

// The same town, where delegators share a slash.
contract SharedSlashInvariantsTest is TownWorld {
    function setUp() public override {
        super.setUp();
        bonding.setDelegatorSlashRate(600000);
    }

    function invariant_C35_claimsNeverExceedHoldings() public view {
        checkEth();
        checkLpt();
    }
}

// Cases opened, judged, expired and executed in any order.
contract CourtHandler {
    FaultInvariantsTest private immutable test;

    constructor(FaultInvariantsTest t) {
        test = t;
    }

    function open(uint256 seq, uint256 value, bool byHelper) external {
        test.openCase(seq, value, byHelper);
    }

    function judge(uint256 which, uint8 outcome) external {
        test.judgeCase(which, outcome);
    }

    function expire(uint256 which) external {
        test.expireCase(which);
    }

    function execute(uint256 which) external {
        test.executeCase(which);
    }

    function take(bool byHelper) external {
        test.takeCredit(byHelper);
    }

    function nextRound() external {
        test.turn();
    }
}

contract FaultInvariantsTest is FaultWorld {
    CourtHandler private handler;
    bytes32[] private cases;
    mapping(bytes32 => bool) private known;
    mapping(bytes32 => uint256) private slashes;
    bool private twice;

    function setUp() public override {
        super.setUp();
        judge.setFee(3);
        handler = new CourtHandler(this);
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    modifier byHandler() {
        require(msg.sender == address(handler), "for the handler");
        _;
    }

    function openCase(uint256 seq, uint256 value, bool byHelper) external byHandler {
        Receipts.Receipt memory r = receipt();
        r.seq = seq % 8;
        r.round = round() - (seq % 2);
        bytes memory sig = signed(r);
        vm.prank(byHelper ? helper : viewer);
        bytes32 id = fault.challenge{value: BOND + within(value, 3, 100)}(
            r,
            sig,
            seq % 2,
            profiles,
            renditions,
            ""
        );
        if (!known[id]) cases.push(id);
        known[id] = true;
    }

    function pick(uint256 which) private view returns (bytes32) {
        return cases.length == 0 ? bytes32(0) : cases[which % cases.length];
    }

    function judgeCase(uint256 which, uint8 outcome) external byHandler {
        judge.say(pick(which), outcome % 4);
    }

    function expireCase(uint256 which) external byHandler {
        fault.expireChallenge(pick(which));
    }

    function executeCase(uint256 which) external byHandler {
        bytes32 id = pick(which);
        vm.prank(viewer);
        fault.executeSlash(id, ids(0));
        if (++slashes[id] > 1) twice = true;
    }

    function takeCredit(bool byHelper) external byHandler {
        vm.prank(byHelper ? helper : viewer);
        fault.withdrawCredit();
    }

    function turn() external byHandler {
        nextRound();
    }

    function invariant_C29_creditsAndBondsAreTheBalance() public view {
        uint256 owed = fault.credit(viewer) + fault.credit(helper) + fault.credit(BURN);
        for (uint256 i = 0; i < cases.length; i++) owed += fault.getChallenge(cases[i]).bond;
        eq(owed, address(fault).balance, "credits and open bonds");
        eq(fault.credit(o1), 0, "never the orchestrator");
    }

    function invariant_C30_oneSlashPerCase() public view {
        ok(!twice, "no case is executed twice");
        for (uint256 r = 0; r <= round(); r++) {
            atMost(fault.slashesInRound(o1, r), 3, "cap of each receipt round");
        }
    }
}
