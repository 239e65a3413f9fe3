// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Controller} from "../src/core/Controller.sol";
import {ManagerProxy} from "../src/core/ManagerProxy.sol";
import {LivepeerToken} from "../src/token/LivepeerToken.sol";
import {Minter} from "../src/token/Minter.sol";
import {RoundsManager} from "../src/rounds/RoundsManager.sol";
import {BondingManager} from "../src/bonding/BondingManager.sol";
import {ServiceRegistry} from "../src/registry/ServiceRegistry.sol";
import {TicketBroker} from "../src/pm/TicketBroker.sol";
import {Tickets} from "../src/pm/Tickets.sol";
import {FaultVerifier} from "../src/fault/FaultVerifier.sol";
import {MockVerifier} from "../src/fault/MockVerifier.sol";
import {Base} from "./Base.sol";

// A whole deployment in memory, and the sentences that the tests are written in.
abstract contract World is Base {
    uint256 internal constant ROUND = 50;
    uint256 internal constant LPT = 1 ether;
    uint256 internal constant ALWAYS = type(uint256).max;
    uint256 internal constant RAND = 0x1234;
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    Controller internal controller;
    LivepeerToken internal token;
    Minter internal minter;
    RoundsManager internal clock;
    BondingManager internal bonding;
    ServiceRegistry internal registry;
    TicketBroker internal broker;
    FaultVerifier internal fault;
    MockVerifier internal judge;

    uint256 private nonce;

    function setUp() public virtual {
        deploy();
    }

    function deploy() internal {
        controller = new Controller();
        token = new LivepeerToken();
        put("LivepeerToken", address(token));
        minter = new Minter(address(controller), 220500, 500, 500000000);
        put("Minter", address(minter));
        broker = TicketBroker(proxy("TicketBroker", address(new TicketBroker(address(controller)))));
        put("JobsManager", address(broker));
        bonding = BondingManager(proxy("BondingManager", address(new BondingManager(address(controller)))));
        clock = RoundsManager(proxy("RoundsManager", address(new RoundsManager(address(controller)))));
        registry = ServiceRegistry(proxy("ServiceRegistry", address(new ServiceRegistry(address(controller)))));
        fault = new FaultVerifier(address(controller));
        put("Verifier", address(fault));
        judge = new MockVerifier(address(controller));
        fault.approveVerifier(address(judge), 2);

        bonding.setUnbondingPeriod(7);
        bonding.setNumActiveTranscoders(10);
        clock.setRoundLength(ROUND);
        clock.setRoundLockAmount(100000);
        broker.setUnlockPeriod(2);
        broker.setTicketValidityPeriod(2);

        token.grantRole(keccak256("MINTER_ROLE"), address(this));
        token.mint(address(this), 1_000_000 * LPT);
        token.grantRole(keccak256("MINTER_ROLE"), address(minter));
        token.grantRole(keccak256("BURNER_ROLE"), address(minter));
        controller.unpause();
        nextRound();
    }

    function put(string memory name, address where) internal {
        controller.setContractInfo(keccak256(bytes(name)), where, bytes20(0));
    }

    function proxy(string memory name, address target) internal returns (address where) {
        string memory targetName = string.concat(name, "Target");
        put(targetName, target);
        where = address(new ManagerProxy(address(controller), keccak256(bytes(targetName))));
        put(name, where);
    }

    // Time

    function round() internal view returns (uint256) {
        return clock.currentRound();
    }

    function nextRound() internal {
        skipRound();
        clock.initializeRound();
    }

    function nextRounds(uint256 count) internal {
        for (uint256 i = 0; i < count; i++) nextRound();
    }

    function skipRound() internal {
        vm.roll(clock.currentRoundStartBlock() + clock.roundLength());
    }

    // Into the last tenth of the round, where commissions stand still.
    function lockPhase() internal {
        vm.roll(clock.currentRoundStartBlock() + ROUND - 1);
    }

    // Stake

    function give(address who, uint256 amount) internal {
        require(token.transfer(who, amount), "no LPT left");
        vm.prank(who);
        token.approve(address(bonding), type(uint256).max);
    }

    function bond(address who, uint256 amount, address to) internal {
        give(who, amount);
        vm.prank(who);
        bonding.bond(amount, to);
    }

    function orchestrator(address who, uint256 stake, uint256 cut, uint256 share) internal {
        bond(who, stake, who);
        vm.prank(who);
        bonding.transcoder(cut, share);
    }

    function reward(address who) internal {
        vm.prank(who);
        bonding.reward();
    }

    function bonded(address who) internal view returns (uint256 amount) {
        (amount, , , , , , ) = bonding.getDelegator(who);
    }

    function locks(address who) internal view returns (uint256 count) {
        (, , , , , , count) = bonding.getDelegator(who);
    }

    function fees(address who) internal view returns (uint256) {
        return bonding.pendingFees(who, 0);
    }

    function stakeOf(address who) internal view returns (uint256) {
        return bonding.pendingStake(who, 0);
    }

    // Money

    function fund(address who, uint256 deposit, uint256 reserve) internal {
        vm.deal(who, who.balance + deposit + reserve);
        vm.prank(who);
        broker.fundDepositAndReserve{value: deposit + reserve}(deposit, reserve);
    }

    function ticket(address sender, address recipient, uint256 face) internal returns (Tickets.Ticket memory) {
        return ticketOf(sender, recipient, face, round());
    }

    function ticketOf(
        address sender,
        address recipient,
        uint256 face,
        uint256 created
    ) internal returns (Tickets.Ticket memory t) {
        t.recipient = recipient;
        t.sender = sender;
        t.faceValue = face;
        t.winProb = ALWAYS;
        t.senderNonce = ++nonce;
        t.recipientRandHash = keccak256(abi.encodePacked(RAND));
        t.auxData = abi.encode(created, clock.blockHashForRound(created));
    }

    function sign(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    function signTicket(uint256 key, Tickets.Ticket memory t) internal view returns (bytes memory) {
        bytes32 hash = broker.getTicketHash(t);
        return sign(key, keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", hash)));
    }

    // A winner, made and redeemed by its recipient.
    function pay(uint256 senderKey, address recipient, uint256 face) internal {
        Tickets.Ticket memory t = ticket(vm.addr(senderKey), recipient, face);
        redeemAs(recipient, t, signTicket(senderKey, t));
    }

    function redeemAs(address who, Tickets.Ticket memory t, bytes memory sig) internal {
        vm.prank(who);
        broker.redeemWinningTicket(t, sig, RAND);
    }

    receive() external payable {}
}
